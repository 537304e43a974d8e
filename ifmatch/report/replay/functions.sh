out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
unlike=

# Sends one request, shows the answer, and keeps what it tells in $status, $id, $tag and $version.
send() {
  case $1 in -X) printf '   %s' "$2" ;; --head) printf '   HEAD' ;; *) printf '   GET' ;; esac
  for word in "$@"; do case $word in http*|If-*) printf ' %s' "$word" ;; esac; done; echo
  : >"$out/head" >"$out/body"
  curl -sS -D "$out/head" -o "$out/body" "$@" || [ $? = 28 ] || unreached    # 28: no answer in time
  grep -iE '^(HTTP|ETag|Location|Last-Modified)' "$out/head" | tr -d '\r' | sed 's/^/    /'
  [ -s "$out/body" ] && head -c 600 "$out/body" | sed 's/^/    /' && echo
  status=$(sed -nE 's/^HTTP\/[0-9.]+ ([0-9]+).*/\1/p' "$out/head" | tail -1)
  id=$(sed -nE 's/^location:.*\/[A-Z][A-Za-z]+\/([^\/]+)(\/_history\/.*)?$/\1/Ip' "$out/head" | tr -d '\r')
  [ -n "$id" ] || id=$(grep -oE '"id" *: *"[^"]+"' "$out/body" 2>/dev/null | head -1 | cut -d'"' -f4)
  version=$(grep -oE '"versionId" *: *"[^"]+"' "$out/body" 2>/dev/null | head -1 | cut -d'"' -f4)
  tag=$(sed -nE 's/^etag: *//Ip' "$out/head" | tr -d '\r')
  [ -n "$tag" ] || tag="W/\"$version\""
  version=$(printf %s "$tag" | sed -E 's/^(W\/)?"//; s/"$//')
  for word in "$@"; do case $word in "$BASE"*) note_made "$word" ;; esac; done
}

# Remembers as Type/id what the answer says was made: at its Location, at the address $1, or by entries of a bundle.
note_made() {
  {
    [ "$status" = 201 ] && { sed -nE 's/^location: *//Ip' "$out/head"; echo "$1"; }
    tr -d '\r\n' <"$out/body" | grep -oE '"response" *: *\{[^}]*' | grep -E '"status" *: *"201' |
      grep -oE '"location" *: *"[^"]+' | cut -d'"' -f4
  } | tr -d '\r' | sed -E 's/\/_history\/.*//' | grep -oE '[A-Z][A-Za-z]+\/[A-Za-z0-9.-]+$' | head -50 >>"$out/made"
}

# Removes what was made, the newest first, by requests with the words that are given here.
clean_up() {
  [ -s "$out/made" ] || return 0
  echo; echo '# clean up'
  for path in $(sed '1!G;h;$!d' "$out/made" | awk '!seen[$0]++'); do send -X DELETE "$BASE/$path" "$@"; done
  : >"$out/made"
}

# An id that no server has given out.
fresh() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

unreached() { echo 'UNREACHED: the server gave no answer'; exit 6; }

# Notes a request of the preparation that was answered otherwise than in the run, where it got the status $1.
was() {
  case ${status:-none} in ${1%??}??) ;; *) unlike=${unlike:-"${status:-nothing} where the run got $1"} ;; esac
}

# Stops before a comparison that would mean nothing.
demand_alike() {
  [ -z "$unlike" ] || { echo; echo "NOT TO BE COMPARED: on the way there the server answered $unlike"; exit 7; }
}

# Ends with a verdict on the answer $1: $2 is what the run got, all others are what is promised.
conclude() {
  demand_alike
  got=${1:-nothing} run=$2
  shift 2
  echo
  for promised; do case $got in $promised) echo "GONE: answered $got, as promised"; exit 0 ;; esac; done
  if [ "$got" = "$run" ]; then echo "THE SAME: answered $got, as in the run"; exit 1; fi
  echo "DIFFERENTLY: answered $got, in the run $run"; exit 1
}

# Ends where a status cannot show it.
look() {
  demand_alike
  echo; echo "LOOK: no status shows it. $1"; exit 7
}

# Ends with how often it was seen that $3: in $1 of $2 tries.
conclude_race() {
  demand_alike
  echo
  if [ "$1" -gt 0 ]; then echo "THE SAME: $3 in $1 of $2 tries"; exit 1; fi
  echo "NOT SEEN in $2 tries, which of a race proves nothing"; exit 7
}
