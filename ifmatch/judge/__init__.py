'''A judge of optimistic locking: the history of a race in, named anomalies with their proofs out.

The idea
--------
Several clients read and write one resource at the same time. Each write names the version that it is based on
(If-Match), and the server promises to refuse it when that is no longer the current one. Did the server keep its
promise? A checker for any data type (Knossos, Porcupine) must search for an order of the operations that explains all
answers, and there may be exponentially many. Here three facts make the search unnecessary:

1. *The server's own versions are the witness.* Each answer names a version, each write names the one it replaces, and
   `_history` lists them all. So the server itself claims in what order the writes took effect. Elle calls this a
   traceable version order.
2. *Every write carries a unique marker.* Whoever reads a version reads who made it. A write that was never answered
   is either found by its marker or has made nothing that anybody saw. Elle calls this recoverability.
3. *What took effect did so between its invocation and its return* (Herlihy and Wing 1990: linearizability). This
   moment is its commit time. A write of unknown outcome may take effect at any time after its invocation.

What is left to ask is whether the claims agree with each other, and whether commit times exist that fit them.

The algorithm
-------------
*Claims.* Without any clock: two accepted writes that replaced one version are a lost update; a version that an
accepted write made and `_history` lacks is missing; a version that shows the marker of a refused write is a ghost.
Such an anomaly is a contradiction in what the server said, whenever it said so. (`link_checks`, `content_checks`,
`history_checks`)

*Times.* Let v_0, v_1, ... be the versions in their order and t_i the commit time of v_i. The write of v_i was in
flight at t_i; a read of v_i ended no earlier than t_i and began no later than t_{i+1}. So each t_i has a lower bound
(the write of v_i and the reads of v_{i-1} were invoked) and an upper one (the write and the reads of v_i returned).
(`bounds`)

*Refusals.* "Not the current version" is a claim, too: at some moment between invocation and return of the refusal,
the version that it names had been replaced, or was yet to come.

Why it is right
---------------
Take t_0 = lower_0 and t_i = max(lower_i, t_{i-1}). By induction these are the least times that respect the order and
all lower bounds. If t_i <= upper_i for all i, they are the commit times asked for, and the history is linearizable in
the claimed order. If t_i > upper_i for some i, no times fit, for all others are later still; t_i equals the lower
bound of some v_j, j <= i, so the operation behind that bound began after the one behind upper_i had ended, though the
order of versions wants it the other way round. These two operations are the whole proof. A refusal that the least
times do not explain can only be explained by a later t_i, and raising it moves no other time; so one more pass from
the last version to the first settles all of them.

Where the order is not claimed (no `_history`) it follows from the links. Writes that name no version break it into
chains; a chain is treated as one value of a register with unique values, and its operations as those on that value.
Gibbons and Korach (1997) show that such a history is linearizable just if no two forward zones overlap and no
backward zone lies inside a forward one. (`zones`)

What explains what: one false bound surfaces as something else further down, as a stale read looks like a refusal
without cause. So writes are judged first, then reads, then refusals, and whatever an anomaly has discredited is left
out of the later phases. (`checker`, `root_causes`)

The cost
--------
One pass to index the operations, one sweep over the versions, two sorts: O(n log n), about as long as sorting the
records and looking at each field once. Deciding the same without unique markers is NP-complete (Gibbons and Korach
1997).

What is decided, and what is not
--------------------------------
- With the complete `_history`, read after everything has settled: exact. An anomaly is reported just if no execution
  of a correct server explains the history, as random histories checked against a search confirm. The exceptions are
  deletions whose answers name no version: these may hide an anomaly, and never make one up.
- Without it, where every write names a version: exact as well, but for deletions of unknown outcome.
- Without it, where some writes name none: accepted writes and reads are decided exactly; a refusal is reported only
  when two reads show that the version stayed current; reads that found nothing prove nothing.
- One resource at a time. Linearizability is local (Herlihy and Wing 1990), so nothing is lost by it.
- No claim is made about what nobody observed, and none about durability.

An anomaly whose `Name.clock` is NOT_NEEDED holds on any number of machines; the others need invocations and returns
on one clock, or intervals widened by the error of the clocks.

An example
----------
Two clients update version 3. Both are told that they succeeded.

>>> from ifmatch.judge import judge, picture, read_histories
>>> lines = """
... {"type": "initial", "version": "3"}
... {"type": "invoke", "process": "A", "f": "update", "time": 0, "base": "3", "marker": "a"}
... {"type": "invoke", "process": "B", "f": "update", "time": 20, "base": "3", "marker": "b"}
... {"type": "ok", "process": "A", "time": 50, "status": 200, "version": "4"}
... {"type": "ok", "process": "B", "time": 80, "status": 200, "version": "5"}
... """
>>> history = read_histories(lines.splitlines())[""]
>>> [anomaly] = judge(history)
>>> print(anomaly.name.label)
lost update
>>> [operation.writer for operation in anomaly.operations]
['A', 'B']
>>> print(picture.text(history, anomaly, width=80))
LOST UPDATE: A's PUT If-Match 3 (200, version 4) and B's PUT If-Match 3 (200,
version 5) were in flight together and both replaced version 3: one update is
lost.
<BLANKLINE>
▶ A ┣━━━━━━━━━━━━━━━━━━━━━━━━━━━┫                PUT If-Match 3 → 200, version 4
▶ B               ┣━━━━━━━━━━━━━━━━━━━━━━━━━━━┫  PUT If-Match 3 → 200, version 5
    0   time (in order, not to scale)     80 ns

From a shell, `python -m ifmatch.judge FILE...` does the same; `ifmatch.judge.jsonlines` describes the format.

Read more
---------
- Herlihy and Wing, "Linearizability: A Correctness Condition for Concurrent Objects", TOPLAS 12(3), 1990.
- Wing and Gong, "Testing and Verifying Concurrent Objects", JPDC 17, 1993: the search, with which the tests compare.
- Gibbons and Korach, "Testing Shared Memories", SIAM J. Comput. 26(4), 1997: zones, and what unique values are worth.
- Lowe, "Testing for Linearizability", Concurrency and Computation 29(4), 2017: the search with a memory.
- Kingsbury and Alvaro, "Elle: Inferring Isolation Anomalies from Experimental Observations", VLDB 2020.
- Porcupine (https://github.com/anishathalye/porcupine) and Jepsen (https://jepsen.io), in whose spirit this is.
'''

from ifmatch.judge import picture
from ifmatch.judge.anomaly import Anomaly, Clock, Gravity, Name
from ifmatch.judge.checker import judge
from ifmatch.judge.history import ANY, Entry, History, HistoryError, Kind, Operation, Outcome
from ifmatch.judge.jsonlines import history_lines, read_histories

__all__ = [
    "ANY",
    "Anomaly",
    "Clock",
    "Entry",
    "Gravity",
    "History",
    "HistoryError",
    "Kind",
    "Name",
    "Operation",
    "Outcome",
    "history_lines",
    "judge",
    "picture",
    "read_histories",
]
