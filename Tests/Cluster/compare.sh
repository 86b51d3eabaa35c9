# shellcheck shell=bash
# Compares what two runs of a sweep left. To be sourced.

# A trajectory without its speed, the only thing in it that no two runs share.
timeless() {
  awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "steps_per_second") speed = i }
    { if (speed) $speed = ""; print }' "$1"
}

# differences ONE OTHER: prints the results that are not the same, byte for byte, in both folders.
# Provenance tells hosts and times, and the record holds it.
differences() {
  local one=$1 other=$2 name
  while read -r name; do
    case $name in
      provenance.csv | report.html | outputs.sha256 | sweep.* | blobs/* | logs/* | control.sock) ;;
      trajectories/*)
        cmp -s <(timeless "$one/$name") <(timeless "$other/$name") || echo "$name"
        ;;
      *) cmp -s "$one/$name" "$other/$name" || echo "$name" ;;
    esac
  done < <({ cd "$one" && find . -type f; cd "$other" && find . -type f; } | sed 's|^\./||' | sort -u)
}
