# shellcheck shell=bash
# What rehearsals judge by, read from logs whose lines begin with a time of day. To be sourced.

# losses_undue LOG START PARTITIONS: the lines of a coordinator's log on workers declared lost that
# no partition of their own host explains. One explains a silence that began before it had ended and
# lasted until it had begun.
#   START       date and time at which the log began, "2026-01-31 23:59:00"
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
      # Both are cut to whole seconds.
      heard = when - substr($0, RSTART + 11) - 1
      due = 0
      for (i = 1; i <= count; i++)
        if (index($0, "worker " host[i] "-") && when >= from[i] && heard <= until[i]) due = 1
      if (!due) print
    }' "$1"
}

# stamped LOG…: the lines of jobs' logs, with seconds before each by which lines of all logs can be
# compared, over midnight too. A log begins with a line that has a date; a line without one is of the
# day of the line before, or of the next where its time is half a day earlier.
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

# handed_back LOG…: a line for each trial that ran when its job's time ended: the trial, the stamp,
# and the time of day.
handed_back() {
  stamped "$@" | awk '
    / job [0-9]+ on / { split("", runs) }
    / trial t?[0-9a-f]+ starts/ { runs[$5] = 1 }
    / trial t?[0-9a-f]+ (finished|abandoned)/ { delete runs[$5] }
    /time ends/ { for (trial in runs) print trial, $1, $3 }'
}

# step_after TRIAL STAMP LOG…: the step of the checkpoint from which the trial next went on.
step_after() {
  stamped "${@:3}" | awk -v trial="$1" -v stamp="$2" '
    $5 == trial && / resumes from step / && $1 >= stamp && (first == "" || $1 < first) { first = $1; step = $NF }
    END { if (first != "") print step }'
}
