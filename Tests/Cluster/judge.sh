# shellcheck shell=bash
# Evaluates the logs of rehearsals, whose lines begin with a time of day. To be sourced.

# losses_undue LOG START PARTITIONS: prints the lines of a coordinator's log that declare a worker
# lost although no partition of its own host explains it. A partition explains a loss if the worker's
# silence and the partition overlap.
#   START       date and time of the log's start, "2026-01-31 23:59:00"
#   PARTITIONS  lines HOST WAY BEGIN END, in seconds since 1970; a worker's name begins with its host's
losses_undue() {
  awk -v start="$(date -d "$2" '+%s %T')" -v partitions="$3" '
    function of_day(text, part) { split(text, part, ":"); return part[1] * 3600 + part[2] * 60 + part[3] }
    BEGIN {
      split(start, began, " ")
      while ((getline line <partitions) > 0) {
        split(line, cut, " ")
        count++; host[count] = cut[1]; from[count] = cut[3]; until[count] = cut[4]
      }
    }
    match($0, /silent for [0-9]+ s/) && / is lost, / {
      when = began[1] + (of_day($1) - of_day(began[2]) + 86400) % 86400
      # Both are rounded down to whole seconds.
      heard = when - substr($0, RSTART + 11) - 1
      due = 0
      for (i = 1; i <= count; i++)
        if (index($0, "worker " host[i] "-") && when >= from[i] && heard <= until[i]) due = 1
      if (!due) print
    }' "$1"
}

# stamped LOG…: prints the lines of jobs' logs, each preceded by its time in seconds, so that lines of
# different logs can be compared, also after midnight. A log begins with a line that has a date. A line
# without a date has the date of the line before; if its time is half a day earlier, it has the next
# date.
stamped() {
  awk '
    function of_day(text, part) { split(text, part, ":"); return part[1] * 3600 + part[2] * 60 + part[3] }
    function day(date, part, year, month) {
      split(date, part, "-")
      year = part[1] - (part[2] < 3); month = part[2] + (part[2] < 3 ? 12 : 0)
      return 365 * year + int(year / 4) - int(year / 100) + int(year / 400) + int((153 * month - 457) / 5) + part[3]
    }
    FNR == 1 { today = time = 0 }
    $1 ~ /^[0-9]+-[0-9]+-[0-9]+$/ { today = day($1); time = of_day($2) }
    $1 ~ /^[0-9]+:[0-9]+:[0-9]+$/ {
      if (of_day($1) < time - 43200) today++
      time = of_day($1)
    }
    { printf "%.0f %s\n", 86400 * today + time, $0 }' "$@"
}

# handed_back LOG…: prints a line for each trial that ran when its job's time ended: the trial, the
# time in seconds, and the time of day.
handed_back() {
  stamped "$@" | awk '
    / job [0-9]+ on / { split("", runs) }
    / trial t?[0-9a-f]+ starts/ { runs[$5] = 1 }
    / trial t?[0-9a-f]+ (finished|abandoned)/ { delete runs[$5] }
    /time ends/ { for (trial in runs) print trial, $1, $3 }'
}

# step_after TRIAL STAMP LOG…: prints the step of the checkpoint from which the trial first resumed
# after a time in seconds.
step_after() {
  stamped "${@:3}" | awk -v trial="$1" -v stamp="$2" '
    $5 == trial && / resumes from step / && $1 >= stamp && (first == "" || $1 < first) { first = $1; step = $NF }
    END { if (first != "") print step }'
}
