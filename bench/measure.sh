# Sourced by the other commands here: runs a command and tells what it took.

# Runs a command in the background and keeps the last VmHWM that the kernel showed of it, in kB. (Some looks, then
# one a second, by bash itself: it is in the CPU time too.)
watched() {
  "$@" &
  local line looks=0
  while kill -0 $! 2>/dev/null; do
    while read -r line; do
      [[ $line =~ ^VmHWM:[^0-9]*([0-9]+) ]] && peak=${BASH_REMATCH[1]}
    done 2>/dev/null <"/proc/$!/status" || true
    looks=$((looks + 1))
    sleep $((looks > 20)).1
  done
  wait $!
}
TIMEFORMAT='%R %U %S'
said_to_3() {
  local status=0
  watched "$@" >&3 2>"$work/errors" || status=$?
  echo "$peak" >"$work/peak"
  return $status
}
# $1 how many things there are, then the command. Leaves "wall cpu peak" in $work/took.
# A command that fails ends the script.
measured() {
  local count=$1 took
  shift
  if ! { took=$( { time said_to_3 "$@"; } 2>&1); } 3>&1; then
    cat "$work/errors" >&2
    exit 1
  fi
  awk -v n="$count" -v peak="$(cat "$work/peak")" -v out="$work/took" '{
    printf "  %s s wall, %.2f s CPU, %.4f ms CPU a ballot, peak %.0f MiB\n", $1, $2 + $3, 1000 * ($2 + $3) / n, peak / 1024
    printf "%s %.2f %.0f\n", $1, $2 + $3, peak / 1024 >out }' <<<"$took"
}
machine() {
  printf 'machine: %s, %s processors, load %s\n' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" "$(nproc)" \
    "$(cut -d' ' -f1 /proc/loadavg)"
}
