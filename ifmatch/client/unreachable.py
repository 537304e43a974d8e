"""What it means that a server gives no usable answer, in a sentence that says what to do."""

from collections.abc import Mapping

from ifmatch.client.exchange import Failure

#: What it means when a target gives no usable answer, and what to do.
_UNREACHABLE: Mapping[Failure, str] = {
    Failure.NO_HOST: "There is no host for {url} ({detail}). Check the address, or the network and its proxy settings.",
    Failure.REFUSED: "Nothing answers at {url} ({detail}). Start the server, or check host and port.",
    Failure.NO_ROUTE: "No connection to {url} can be had ({detail}). Check the address, the network and its proxy "
    "settings.",
    Failure.TLS: "No TLS connection to {url} can be had ({detail}). If its certificate is from an authority of "
    "your own, "
    "name that as ca_file under [tls] in the target file; if the server does not speak TLS there, use http://.",
    Failure.NO_ANSWER: "{url} lets no connection come about ({detail}). It hangs, or a firewall swallows what is sent.",
    Failure.TIMEOUT: "{url} did not answer in time ({detail}). It hangs, or needs more time: set timeout in the "
    "target file.",
    Failure.RESET: "{url} breaks off the connection ({detail}). It crashes, or does not speak HTTP there: check "
    "scheme and "
    "port, and look into its log.",
    Failure.DROPPED: "{url} drops connections without notice ({detail}). A proxy may stand between, or the server "
    "restarts.",
    Failure.NOT_HTTP: "{url} does not speak HTTP as it should ({detail}). Check scheme and port.",
    Failure.TOO_LARGE: "{url} sends {detail} in one answer, which no FHIR answer to these requests needs. Check the "
    "address.",
    Failure.BUSY: "{url} is too busy to be judged ({detail}). Try again later, or raise its limit of requests for "
    "this client.",
}


def unreachable(failure: Failure, url: str, detail: str) -> str:
    """The sentence for a target that gives no usable answer."""
    return _UNREACHABLE[failure].format(url=url, detail=detail)
