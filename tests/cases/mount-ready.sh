#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# nommufs returns when the mount can be used, lets go of its terminal, and tells --ready-fd; what it made goes with it.
. "$(dirname "$0")/helpers/calls.sh"
t_tmp

# Its output is closed to it: who reads it to the end does not wait for the daemon.
mkdir one
out=$(timeout 20 "$B/nommufs" -o ram=4M none "$T/one" 2>&1) || t_fail "nommufs holds on to its output: exit status $?"
t_eq "$out" "" "output"
t_mounts+=("$T/one")
daemon=$(t_daemon "$T/one")
t_eq "$(readlink "/proc/$daemon/fd/0" "/proc/$daemon/fd/1" "/proc/$daemon/fd/2" | uniq)" /dev/null "its descriptors"
t_eq "$(readlink "/proc/$daemon/cwd")" / "its working directory"
t_eq "$(awk '{ print $6 }' "/proc/$daemon/stat")" "$daemon" "its session"
t_eq "$(cat "/proc/$daemon/oom_score_adj")" "$(cat /proc/self/oom_score_adj)" "its OOM score"

# The word comes, once, when the mount can be used.
mkdir two
mkfifo word
"$B/nommufs" -f --ready-fd=7 -o ram=4M none "$T/two" 7>word &
t_mounts+=("$T/two")
t_eq "$(timeout 20 wc -c <word)" 1 "what is told by --ready-fd"
t_eq "$(ls "$T/two")" $'dev\nproc' "the mount when the word came"

# The socket's directory goes with the daemon.
socket=$(timeout 5 "$H/fscall" "get $T/one user.nommufs.socket")
socket=${socket#*: }
t_eq "$(stat -c '%a %F' "$(dirname "$socket")")" "700 directory" "the socket's directory"
[ -S "$socket" ] || t_fail "no socket at $socket"
t_umount "$T/one"
[ ! -e "$(dirname "$socket")" ] || t_fail "$(dirname "$socket") is left"
t_umount "$T/two"
