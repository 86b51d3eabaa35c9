# shellcheck shell=bash
# Compares the results of two runs of a sweep. To be sourced.

# Prints a trajectory without its speeds, which differ between runs.
timeless() {
  awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "steps_per_second") speed = i }
    { if (speed) $speed = ""; print }' "$1"
}

# differences ONE OTHER: prints the names of the files that differ between two folders. Leaves out
# files that name hosts and times, such as the provenance and the record.
differences() {
  local one=$1 other=$2 name
  # Two empty folders are no equal results.
  [ -s "$one/trials.csv" ] || echo "trials.csv"
  while read -r name; do
    case $name in
      provenance.csv | report.html | outputs.sha256 | sweep.* | blobs/* | logs/* | control.sock) ;;
      trajectories/*)
        cmp -s <(timeless "$one/$name") <(timeless "$other/$name") || echo "$name"
        ;;
      *) cmp -s "$one/$name" "$other/$name" || echo "$name" ;;
    esac
  done < <({ (cd "$one" && find . -type f); (cd "$other" && find . -type f); } | sed 's|^\./||' | sort -u)
}
