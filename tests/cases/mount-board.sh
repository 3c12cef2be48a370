#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Board files: a whole machine from one; every mistake told with file and line, by --check and when mounting; options
# of the command line win over it.
. "$(dirname "$0")/helpers/calls.sh"
t_tmp
mkdir rom lib mnt && echo rom >rom/file && echo lib >lib/file
genromfs -f rom.img -d rom

# What is printed is what holds without one.
"$B/nommufs" --print-board >default.ini || t_fail "--print-board: exit status $?"
"$B/nommufs" --check default.ini >said 2>&1 || t_fail "--check of the default: $(cat said)"
t_eq "$(cat said)" "" "--check of a good board file"
t_mount "$T/default.ini"
t_eq "$(awk '$1 == "MemTotal:" { print $2 }' "$MNT/proc/meminfo")" 65536 "MemTotal"
t_umount

# Its images are beside it, whatever the folder one stands in; and its name says nothing.
mkdir elsewhere
cat >machine.txt <<'EOF'
; a machine
[board]
ram = 8M
base = 0x70000000
profile = linux6
max-order = 5
trim = 3

[image /rom]
file = rom.img

[image /usr/share/lib]
file = lib
EOF
cd elsewhere
t_mount ../machine.txt
t_eq "$(cat "$MNT/rom/file" "$MNT/usr/share/lib/file")" "rom
lib" "the images"
t_eq "$(awk '$1 == "MemTotal:" { print $2 }' "$MNT/proc/meminfo")" 8192 "MemTotal"
t_eq "$(cat "$MNT/proc/sys/vm/nr_trim_pages")" 3 "nr_trim_pages"
t_calls <<'EOF'
open f rw,creat f: ok
ftruncate f 33p: EFBIG
ftruncate f 32p: ok
get f user.bdi.address: 0x70000000
EOF
t_umount
# The command line wins, in whatever order.
t_mount -o ram=4M,trim=1 ../machine.txt
t_eq "$(awk '$1 == "MemTotal:" { print $2 }' "$MNT/proc/meminfo")" 4096 "MemTotal"
t_eq "$(cat "$MNT/proc/sys/vm/nr_trim_pages")" 1 "nr_trim_pages"
t_eq "$(cat "$MNT/rom/file")" rom "the image"
t_umount
cd ..

# Every mistake is told, each on a line; nothing is mounted.
cat >bad.ini <<'EOF'
[board]
ram = lots
rom = 5
[image rom]
file = rom.img
[imgae /x]
[image /none]
file = none.img
[image /default]
file = default.ini
[image /aligned]
file = rom.img
align = 64
[caps /x]
caps = copy+fly
[policy /x]
deny = fork
EOF
status=0
"$B/nommufs" --check bad.ini >out 2>err || status=$?
t_eq "$status" 1 "exit status of --check"
t_eq "$(cat out)" "" "stdout of --check"
t_eq "$(cat err)" "bad.ini:2: ram: 'lots' is not a size; expected a number, with K, M or G behind it if wanted
bad.ini:3: unknown key 'rom' in [board]; did you mean 'ram'? there are ram, base, profile, max-order, trim, files, mand and noexec
bad.ini:4: [image rom]: expected a path in the mount, which begins with '/'
bad.ini:6: unknown section 'imgae'; did you mean 'image'? there are [board], [image PATH], [caps PATTERN] and [policy PATTERN]
bad.ini:8: none.img: cannot open the image: No such file or directory
bad.ini:10: default.ini: not an image: it begins neither as a romfs (-rom1fs-) nor as a cramfs (magic 0x28cd3d45)
bad.ini:12: rom.img: align is for directories; in an image its maker has set where files lie
bad.ini:15: caps: 'copy+fly' is not known; it takes names out of copy, direct, read, write and exec with + between, or none, or a number such as 0x1c
bad.ini:17: deny: 'fork' is not known; it takes names out of read+write+exec, or none" "--check"
status=0
"$B/nommufs" bad.ini mnt >out 2>err || status=$?
t_eq "$status" 1 "exit status of mounting"
t_eq "$(grep -c '^nommufs: bad.ini:[0-9]*: ' err)" 6 "lines told when mounting: $(cat err)"
t_eq "$(wc -l <err)" 6 "lines told when mounting: $(cat err)"
! t_mounted "$T/mnt" || t_fail "something is mounted"
printf '[image /none]\nfile = none.img\n' >none.ini
status=0
"$B/nommufs" none.ini mnt >out 2>err || status=$?
t_eq "$status $(cat err)" "1 nommufs: none.ini:2: none.img: cannot open the image: No such file or directory" "an image that is not there"

# What is no board file at all.
t_errno ENOENT "$B/nommufs" --check missing.ini
t_errno EISDIR "$B/nommufs" --check mnt
not_one() {
	local status=0
	"$B/nommufs" --check "$1" >out 2>err || status=$?
	t_eq "$status $(cat err)" "1 nommufs: $1: $2" "--check of what is no board file"
}
not_one rom.img "not a board file, but an image: romfs"
head -c 100 /dev/zero >zeroes
not_one zeroes "not a board file, but no text either"
mkfifo fifo
not_one fifo "not a regular file"
: >empty.ini
"$B/nommufs" --check empty.ini || t_fail "an empty board file says nothing, which is good"
head -c 2000000 /dev/zero | tr '\0' '#' >huge.ini
t_errno EFBIG "$B/nommufs" --check huge.ini

# Comments alone, or many of them first.
{ for ((i = 0; i < 200; i++)); do echo "# a line of comment that says nothing, $i"; done; } >comments.ini
t_mount comments.ini
t_umount
printf '[board]\nram = 4M\n' >>comments.ini
t_mount comments.ini
t_eq "$(awk '$1 == "MemTotal:" { print $2 }' "$MNT/proc/meminfo")" 4096 "MemTotal"
t_umount
echo "ram = 4M" >bare.ini
status=0
"$B/nommufs" bare.ini mnt 2>err || status=$?
t_eq "$status $(cat err)" "1 nommufs: bare.ini: neither a board file, which begins with a [section] (see --check), \
nor a romfs or cramfs image" "a text that is neither"

# What does not fit the addresses is told too.
mkdir large && truncate -s 600M large/file
printf '[board]\nram = 4M\n[image /a]\nfile = rom.img\n[image /b]\n\nfile = large\n' >large.ini
status=0
"$B/nommufs" --check large.ini 2>err || status=$?
t_eq "$status" 1 "exit status"
t_has "$(cat err)" "large.ini:7: large: 600 MiB of window from 0x60410000 on would reach beyond 0x7fff7000"
status=0
"$B/nommufs" large.ini mnt 2>err || status=$?
t_has "$status $(cat err)" "1 nommufs: large.ini:7: large: 600 MiB of window"
rm -r large

# It may change and go once it is mounted; noexec is the host's too.
printf '[board]\nnoexec = yes\nram = 4M\n[image /rom]\nfile = rom\n' >noexec.ini
t_mount noexec.ini
rm -r noexec.ini rom
t_eq "$(cat "$MNT/rom/file")" rom "the image"
cp /bin/true "$MNT/true"
t_errno EACCES "$MNT/true"
t_calls <<'EOF'
get rom/file user.bdi.capabilities: copy,direct,read,exec
EOF
