#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The command line: help and version go well; each mistake is one line that says what is wrong, and mounts nothing.
. "$(dirname "$0")/helpers/calls.sh"
t_tmp
mkdir mnt
echo text >file

out=$("$B/nommufs" --help 2>err) || t_fail "--help: exit status $?"
t_has "$out" "usage: nommufs [options] SOURCE MOUNTPOINT"
for option in ram= base= profile= max-order= trim= mand align= caps= kind= get_unmapped_area= mmap= read= --log= --check \
	--print-board --ready-fd= -f, -d, -s -h, -V, allow_other; do
	t_has "$out" "$option" "--help"
done
t_eq "$(cat err)" "" "--help on stderr"
t_eq "$("$B/nommufs" -h)" "$out" "-h"
t_has "$("$B/nommufs" -V)" "nommufs " "-V"
t_eq "$("$B/nommufs" --version)" "$("$B/nommufs" -V)" "--version"

# refuse PART ARGUMENT…: it fails, with one line that begins with nommufs: and has PART
refuse() {
	local part=$1 status=0
	shift
	"$B/nommufs" "$@" >out 2>err || status=$?
	[ "$status" -ne 0 ] || t_fail "nommufs $*: went well"
	[ "$status" -lt 126 ] || t_fail "nommufs $*: exit status $status"
	t_eq "$(wc -l <err)" 1 "lines of the message of nommufs $*: $(cat err)"
	t_eq "$(cut -c -9 err)" "nommufs: " "the message's beginning, nommufs $*"
	t_has "$(cat err)" "$part" "nommufs $*"
	t_eq "$(cat out)" "" "stdout of nommufs $*"
	! t_mounted "$T/mnt" || t_fail "nommufs $*: something is mounted"
	t_eq "$(t_daemon "$T/mnt")" "" "processes left by nommufs $*"
}
refuse "SOURCE and MOUNTPOINT are missing"
refuse "MOUNTPOINT is missing" none
refuse "unexpected 'more'" none "$T/mnt" more
refuse "unknown option 'rum=8M'; did you mean 'ram='" -o rum=8M none "$T/mnt"
refuse "unknown option '--ran=8M'; did you mean 'ram='" --ran=8M none "$T/mnt"
refuse "option '--ram' wants a value, as in --ram=SIZE" --ram none "$T/mnt"
refuse "option 'ram' wants a value, as in ram=SIZE" -o ram none "$T/mnt"
refuse "option '--log' wants a value, as in --log=FILE" --log none "$T/mnt"
refuse "option 'mand=yes': mand takes no value" -o mand=yes none "$T/mnt"
refuse "unknown option 'direct': it is a capability; in -o they are joined by +, as in caps=copy+direct" \
	-o caps=copy,direct none "$T/mnt"
refuse "SOURCE is empty" "" "$T/mnt"
refuse "MOUNTPOINT is empty" none ""
refuse "unexpected 'more': after a board file to be checked nothing else is expected" --check file more
refuse "unexpected 'more': beside --print-board nothing else is expected" --print-board more
refuse "did you mean 'max-order='" -o max_order=8 none "$T/mnt"
refuse "did you mean 'allow_other'" -o allow_others none "$T/mnt"
refuse "unknown option 'whatever'; a board has ram=, base=, profile=, caps=" -o whatever none "$T/mnt"
refuse "unknown option '-x'" -x none "$T/mnt"
refuse "'-o' wants an argument" none "$T/mnt" -o
refuse "option 'ram=': not a size" -o ram= none "$T/mnt"
refuse "option 'ram=1T': not a size" -o ram=1T none "$T/mnt"
refuse "option 'ram=-1': not a size" -o ram=-1 none "$T/mnt"
refuse "option 'ram=64MB': not a size" -o ram=64MB none "$T/mnt"
refuse "option 'ram=99999999999G': not a size" -o ram=99999999999G none "$T/mnt"
refuse "4097 bytes are not a multiple of the page size" -o ram=4097 none "$T/mnt"
refuse "ram: a board needs at least one page" -o ram=0 none "$T/mnt"
refuse "reach beyond 0x7fff7000" -o ram=1G none "$T/mnt"
refuse "no multiple of the largest block, 0x400000, above 0" -o base=0x60001000 none "$T/mnt"
refuse "no such profile; there are bdi and linux6" -o profile=linux5 none "$T/mnt"
refuse "expected a number from 0 to 18" -o max-order=19 none "$T/mnt"
refuse "expected a number from 0 to" -o trim=-1 none "$T/mnt"
refuse "option '--ready-fd=99': no such descriptor" --ready-fd=99 none "$T/mnt"
refuse "missing: the mount point does not exist" none missing
refuse "file: the mount point is not a directory" none file
refuse "missing: cannot open the image: No such file or directory" missing "$T/mnt"
refuse "/dev/null: neither an image nor a directory" /dev/null "$T/mnt"
refuse "file: neither a board file, which begins with a [section] (see --check), nor a romfs or cramfs" file "$T/mnt"
printf 'MZ\0binary' >binary
refuse "binary: not an image: it begins neither as a romfs (-rom1fs-) nor as a cramfs" binary "$T/mnt"
: >empty
refuse "(magic 0x28cd3d45), but is empty" empty "$T/mnt"
refuse "option 'align=5': expected a power of two" -o align=5 "$T/mnt" "$T/mnt"
refuse "option 'align=16': SOURCE is no directory" -o align=16 none "$T/mnt"
refuse "binary: align is for directories" -o align=16 binary "$T/mnt"
refuse "option 'log=': expected the name of a file" -o log= none "$T/mnt"
refuse "log '/nowhere/log': No such file or directory" -o log=/nowhere/log none "$T/mnt"
refuse "option 'caps=copy+fly': 'copy+fly' is not known; it takes names out of copy, direct, read" \
	-o caps=copy+fly none "$T/mnt"
refuse "option '--kind=tape': 'tape' is not known; it takes regular, block, char or shm" --kind=tape none "$T/mnt"
refuse "option 'mmap=E': 'E' is not known; it takes ok, none or the name of an errno" -o mmap=E none "$T/mnt"
refuse "--check wants a board file" --check
# More RAM, or a larger image, than the host has. Should that ever be tried, the limit stops it, not the OOM killer.
printf -- '-rom1fs-' >huge
truncate -s 1000G huge
(
	ulimit -f 1048576
	refuse "ram: 1024000 MiB are more than the host can spare" -o base=0x200000000000,ram=1000G none "$T/mnt"
	refuse "huge: 1024000 MiB are more than the host can spare" -o base=0x200000000000 huge "$T/mnt"
	refuse "File too large" -o base=0x200000000000,ram=1025M none "$T/mnt"
)
rm huge

# Standard descriptors that are closed, and a mount point with blanks and commas in its name.
mkdir 'a b,c'
t_mounts+=("$T/a b,c")
"$B/nommufs" -o ram=1M none 'a b,c' <&- >&- 2>&- || t_fail "without standard descriptors: exit status $?"
t_eq "$(ls 'a b,c')" $'dev\nproc' "the mount"
"$B/nommufs" -o ram=1M none 'a b,c' 2>err && t_fail "mounted twice"
t_has "$(cat err)" "nommufs: $T/a b,c: a board is mounted here already"
fusermount3 -u 'a b,c'

# The dynamic linker lies below 2^46 in the layout that an unlimited stack brings; without randomness, always there.
at_linker() (
	ulimit -s unlimited
	exec setarch -R "$@"
)
linker=$(at_linker cat /proc/self/maps | awk -F- '/ld-linux/ { print $1; exit }')
base=$(printf '%#x' $((0x$linker & ~0x3fffff)))
status=0
at_linker "$B/nommufs" -o "base=$base,ram=4M" none "$T/mnt" 2>err || status=$?
t_eq "$status" 1 "exit status where the board's addresses are taken"
t_has "$(cat err)" "nommufs: the board's $base-"
t_has "$(cat err)" "is taken in this process by: "
t_eq "$(wc -l <err)" 1 "lines of the message"
! t_mounted "$T/mnt" || t_fail "something is mounted"

# Everything at once, in the two spellings, with suffixes.
t_mount -o ram=8m,profile=linux6 -o max-order=5,trim=3,base=0x300000000000 --ram=0x1000K
t_eq "$(t_free)" 4096 "MemFree"
t_eq "$(cat "$MNT/proc/sys/vm/nr_trim_pages")" 3 "nr_trim_pages"
t_eq "$(awk '{ print NF }' "$MNT/proc/buddyinfo")" 10 "words in buddyinfo: four and the orders 0 to 5"
t_calls <<EOF
open f rw,creat f: ok
ftruncate f 33p: EFBIG
ftruncate f 32p: ok
get f user.bdi.address: 0x300000000000
EOF
t_umount

# Options of mount(8) that mean nothing here, and one that the host's library does not know.
t_mount -o ram=4M,nodiratime,strictatime,lazytime,silent,group
t_calls <<'EOF'
mkdir d: ok
utimens d 5 5: ok
list d: 
stat d atime: 5
EOF
t_umount
t_mount -o ram=4M
t_calls <<'EOF'
mkdir d: ok
utimens d 5 5: ok
mark a d atime: ok
list d: 
moved a d atime: yes
EOF
t_umount
