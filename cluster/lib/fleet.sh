# shellcheck shell=bash
# Shared by cluster/up, cluster/down and cluster/status: the inventory, ssh, and running a function
# on all hosts at once. To be sourced; `self` is the command's name, `here` the folder cluster.
# shellcheck disable=SC2034,SC2154 # Whoever sources this sets and uses these variables.

fail() { echo "$self: $1" >&2; exit "${2:-1}"; }
misuse() { fail "$1; see $self --help" 64; }

# The inventory's format, for the help texts.
explain_inventory() {
  cat <<'END'

The inventory is a text file, by default $BOTTLENECKSWEEP_HOSTS or ./hosts.txt:

  coordinator tcp://10.0.0.5:5750    # where the workers connect
  defaults user=me leave=1           # for the lines that follow
  node1
  node2 slots=4 cache=/scratch/me/bottlenecksweep

A host's name is its name for ssh. Its settings, all optional:
  address=HOST  port=N  user=NAME    if ssh's own configuration does not have them
  ssh=FILE                           an ssh configuration, relative to the inventory's folder
  slots=N|auto                       trials at once; auto (the default) is one per core
  leave=N                            cores that auto leaves free
  nice=N                             priority, 0 to 19 (default 10)
  cache=DIR                          images and unsent results (default ~/.cache/bottlenecksweep)
  cache-limit=SIZE                   size limit of the images, such as 20GB
  folder=DIR                         the installation (default ~/.local/share/bottlenecksweep);
                                     hosts with a shared home need one on a local disk
END
}

# The folder of the executables: that of an unpacked bundle, or the build's, after building.
executables_folder() {
  local root
  root=$(cd "$here/.." && pwd)
  if [ -e "$root/release" ]; then echo "$root"; return; fi
  cd "$root" || return
  for product in coordinator worker; do swift build -c release --product "$product" >&2 || return; done
  swift build -c release --show-bin-path
}

declare -A setting=()
hosts=()
endpoint=""

# read_inventory FILE: fills `hosts`, `setting[HOST.KEY]` and `endpoint`.
read_inventory() {
  local file=$1 number=0 line words word name key value parent
  local -A defaults=([slots]=auto [leave]=0 [nice]=10 [folder]=\~/.local/share/bottlenecksweep)
  [ -f "$file" ] || fail "$file: found no inventory; see $self --help"
  parent=$(cd -- "$(dirname -- "$file")" && pwd)
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1))
    # Accept a byte order mark and carriage returns of other systems' editors.
    [ "$number" -gt 1 ] || line=${line#$'\xef\xbb\xbf'}
    line=${line%$'\r'}
    line=${line%%#*}
    read -ra words <<<"$line"
    [ "${#words[@]}" -gt 0 ] || continue
    name=${words[0]}
    if [ "$name" = coordinator ]; then
      [ "${#words[@]}" -eq 2 ] || fail "$file:$number: expected \"coordinator ENDPOINT\""
      endpoint=${words[1]}
      continue
    fi
    [[ $name =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ ]] || fail "$file:$number: found the host name $name, expected letters, digits, dots and dashes"
    if [ "$name" != defaults ]; then
      [ -z "${setting[$name.folder]:-}" ] || fail "$file:$number: found $name a second time"
      hosts+=("$name")
      for key in "${!defaults[@]}"; do setting[$name.$key]=${defaults[$key]}; done
    fi
    for word in "${words[@]:1}"; do
      key=${word%%=*} value=${word#*=}
      check_setting "$key" "$value" "$word" || fail "$file:$number: found $word, expected $expected"
      [ "$key" != ssh ] || [[ $value == /* ]] || value=$parent/$value
      if [ "$name" = defaults ]; then defaults[$key]=$value; else setting[$name.$key]=$value; fi
    done
  done <"$file"
  [ "${#hosts[@]}" -gt 0 ] || fail "$file: found no hosts"
}

# Whether a setting is valid; sets `expected` to the valid form.
check_setting() {
  local pattern
  case $1 in
    slots) pattern='^(auto|[1-9][0-9]{0,3})$' expected="slots=auto or slots=1 to 9999" ;;
    leave) pattern='^[0-9]{1,4}$' expected="leave=0 to 9999" ;;
    nice) pattern='^1?[0-9]$' expected="nice=0 to 19" ;;
    port) pattern='^[1-9][0-9]{0,4}$' expected="port=1 to 65535" ;;
    cache-limit) pattern='^[1-9][0-9]{0,3}(MB|GB|TB)$' expected="cache-limit=SIZE, such as 20GB" ;;
    address | user | ssh) pattern='^[^-].*$' expected="$1=VALUE" ;;
    cache | folder) pattern='^(/|~/).+$' expected="$1=DIR, from / or ~/ on" ;;
    *)
      expected="one of address, cache, cache-limit, folder, leave, nice, port, slots, ssh, user"
      return 1
      ;;
  esac
  [[ $3 == *=* ]] && [[ $2 =~ $pattern ]]
}

# choose NAME…: keeps only these hosts, if any are named.
choose() {
  local name
  [ $# -gt 0 ] || return 0
  for name in "$@"; do
    [ -n "${setting[$name.folder]:-}" ] || fail "found the host $name, expected one of: ${hosts[*]}"
  done
  hosts=("$@")
}

# All commands share one connection per host, which ends with this one.
connections=""
open_connections() {
  connections=$(mktemp -d /tmp/fleet.XXXXXX)
  trap close_connections EXIT
}
close_connections() {
  local name
  for name in "${hosts[@]}"; do secure_shell "$name" -O exit >/dev/null 2>&1 || true; done
  rm -rf "$connections"
}

# secure_shell HOST WORD…: ssh with the host's settings.
secure_shell() {
  local name=$1 options
  shift
  options=(-o BatchMode=yes -o ConnectTimeout=20 -o ServerAliveInterval=15 -o ServerAliveCountMax=8
    -o ControlMaster=auto -o "ControlPath=$connections/%C" -o ControlPersist=60)
  [ -z "${setting[$name.ssh]:-}" ] || options+=(-F "${setting[$name.ssh]}")
  [ -z "${setting[$name.port]:-}" ] || options+=(-p "${setting[$name.port]}")
  [ -z "${setting[$name.user]:-}" ] || options+=(-l "${setting[$name.user]}")
  # shellcheck disable=SC2029 # Words are quoted by `on`.
  ssh "${options[@]}" "${setting[$name.address]:-$name}" "$@"
}

# Marks the start of a remote command's output; see `on`.
mark="=== bottlenecksweep ==="

# on HOST COMMAND WORD…: runs a command of lib/host on the host, in its folder. Only `install` reads
# standard input.
#
# The script is sent to bash on standard input. ssh starts the user's shell, which may be csh or
# fish and only has to understand the word "bash". Output of its start files is dropped, except for
# the last line if the shell fails.
on() {
  local name=$1 command=$2 code=0
  shift 2
  {
    printf 'printf "\\n%%s\\n" %q; set -- ' "$mark"
    printf '%q ' "$command" "${setting[$name.folder]}" "$@"
    printf '\n'
    cat "$here/lib/host"
    [ "$command" != install ] || cat
  } 2>/dev/null | secure_shell "$name" bash | awk -v mark="$mark" '
    begun { print; next }
    $0 == mark { begun = 1; next }
    NF { last = $0 }
    END { if (!begun && last != "") print last > "/dev/stderr" }' || code=${PIPESTATUS[1]}
  return "$code"
}

# everywhere FUNCTION: runs FUNCTION HOST for all hosts at once. Each prints one line after the
# host's name. The exit code is 1 if any failed.
everywhere() {
  local function=$1 name code=0 pid width=0 running=()
  for name in "${hosts[@]}"; do [ "${#name}" -le "$width" ] || width=${#name}; done
  for name in "${hosts[@]}"; do
    (
      trap - EXIT
      code=0
      line=$("$function" "$name" 2>"$connections/$name.err") || code=$?
      if [ "$code" -ne 0 ] && [ -z "$line" ]; then
        line=$(grep -v '^Warning: Permanently added' "$connections/$name.err" | tail -n 1)
        if [ "$code" -eq 255 ]; then line="cannot be reached: ${line:-no answer}"; fi
      fi
      printf "%-${width}s  %s\n" "$name" "$line"
      exit "$code"
    ) &
    running+=($!)
  done
  for pid in "${running[@]}"; do wait "$pid" || code=1; done
  return "$code"
}
