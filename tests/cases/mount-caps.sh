#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Capabilities as configuration: -o for the tree, patterns of the board file, xattrs of directories and files, each over
# the one before; and what the engine makes of them, the policy and noexec too.
. "$(dirname "$0")/helpers/transcript.sh"
. "$(dirname "$0")/helpers/calls.sh"
t_tmp
mkdir rom && echo rom >rom/file
genromfs -f rom.img -d rom -A '4096,/*'

# For the whole tree.
t_mount -o ram=4M,caps=copy+read,mmap=EACCES --read=no rom.img
t_calls <<'EOF'
open f rw,creat f: ok
get f user.bdi.capabilities: copy,read
get f user.bdi.mmap: EACCES
get f user.bdi.read: no
get f user.bdi.get_unmapped_area: ok
get rom/file user.bdi.capabilities: copy,read
set f user.bdi.capabilities direct: ok
get f user.bdi.capabilities: direct
get f user.bdi.mmap: EACCES
drop f user.bdi.capabilities: ok
get f user.bdi.capabilities: copy,read
names .: 
names f: 
EOF
t_umount
t_mount -o 'ram=4M,caps=0x4' --kind=char --get_unmapped_area=ENOSYS
t_calls <<'EOF'
open f rw,creat f: ok
get f user.bdi.capabilities: copy
get f user.bdi.kind: char
get f user.bdi.get_unmapped_area: ENOSYS
EOF
t_umount

# Patterns: the last that says a thing wins; by the path of now.
cat >board.ini <<'EOF'
[board]
ram = 4M

[image /rom]
file = rom.img
caps = copy,read

[caps /lib/*]
caps = copy,direct,read,exec
mmap = EACCES

[caps *.so]
caps = copy
kind = regular

[caps /lib/deep/*]
mmap = ok
get_unmapped_area = none
read = no
EOF
t_mount -o caps=direct,kind=block board.ini
t_calls <<'EOF'
open f rw,creat f: ok
get f user.bdi.capabilities: direct
get f user.bdi.kind: block
mkdir lib: ok
open a rw,creat lib/a: ok
get lib/a user.bdi.capabilities: copy,direct,read,exec
get lib/a user.bdi.mmap: EACCES
get lib/a user.bdi.kind: block
open b rw,creat lib/b.so: ok
get lib/b.so user.bdi.capabilities: copy
get lib/b.so user.bdi.mmap: EACCES
get lib/b.so user.bdi.kind: regular
mkdir lib/deep: ok
open c rw,creat lib/deep/c.so: ok
get lib/deep/c.so user.bdi.capabilities: copy
get lib/deep/c.so user.bdi.mmap: ok
get lib/deep/c.so user.bdi.get_unmapped_area: none
get lib/deep/c.so user.bdi.read: no
get rom/file user.bdi.capabilities: copy,read
set lib/b.so user.bdi.mmap ENODEV: ok
get lib/b.so user.bdi.mmap: ENODEV
rename f f.so: ok
get f.so user.bdi.capabilities: copy
rename f.so f: ok
get f user.bdi.capabilities: direct
rename lib/deep deep: ok
get deep/c.so user.bdi.read: yes
get deep/c.so user.bdi.mmap: ok
rename lib/b.so deep/b: ok
get deep/b user.bdi.mmap: ENODEV
get deep/b user.bdi.capabilities: direct
open x rw,creat x.so: ok
rename f x.so exchange: ok
get f user.bdi.capabilities: direct
get x.so user.bdi.capabilities: copy
link lib/a a.so: ok
get a.so user.bdi.capabilities: copy,direct,read,exec
set lib user.bdi.mmap EIO: ok
open y rw,creat lib/y.so: ok
get lib/y.so user.bdi.mmap: EIO
get lib/y.so user.bdi.capabilities: copy
EOF
t_umount

# A file with several names goes by the oldest, whichever of them comes and goes; one without any by its last.
t_mount board.ini
t_calls <<'EOF'
mkdir lib: ok
open f rw,creat lib/f: ok
get lib/f user.bdi.mmap: EACCES
link lib/f out: ok
get out user.bdi.mmap: EACCES
set out user.bdi.read yes: ok
get out user.bdi.mmap: EACCES
unlink lib/f: ok
get out user.bdi.mmap: ok
link out lib/g: ok
set out user.bdi.read yes: ok
get lib/g user.bdi.mmap: ok
rename out lib/h: ok
get lib/h user.bdi.mmap: EACCES
open g rw,creat other: ok
link other lib/other: ok
rename lib/g lib/other: ok
get other user.bdi.mmap: ok
open v rw,creat v: ok
link v lib/v: ok
rename other v: ok
get lib/v user.bdi.mmap: EACCES
EOF
t_umount
printf '[board]\nram = 4M\n[policy /no/*]\ndeny = exec\n[image /x/y/rom]\nfile = rom.img\ncaps = copy\n' >links.ini
t_mount links.ini
"$H/fscall" "mkdir $MNT/no" "mkdir $MNT/ok" "open f rw,creat $MNT/no/f" "ftruncate f 1p" "link $MNT/no/f $MNT/ok/f" \
	"open f rw,creat $MNT/ok/g" "ftruncate f 1p" "link $MNT/ok/g $MNT/no/g" "unlink $MNT/ok/g" >/dev/null
t_transcript <<EOF
open f rw $MNT/ok/f: ok
map m f 1p rx shared: EPERM
open g rw $MNT/no/g: ok
map m g 1p rx shared: EPERM
EOF
# Nor does a setting of a file that has no name any more lift the policy.
exec 7<>"$MNT/no/g"
rm "$MNT/no/g"
setfattr -n user.bdi.read -v yes /proc/self/fd/7
t_has "$(t_run "$H/mapcall" "open g rw /proc/self/fd/7" "map m g 1p rx shared" 2>&1)" EPERM "a file without a name"
exec 7>&-
# What is said of an image goes with it.
mv "$MNT/x" "$MNT/z"
t_calls <<'EOF'
get z/y/rom/file user.bdi.capabilities: copy
EOF
t_umount

# And the mappings: how, and by which reason refused.
maps() {
	"$H/fscall" "mkdir $MNT/lib" "mkdir $MNT/deny" "open f rw,creat $MNT/f" "ftruncate f 1p" \
		"open f rw,creat $MNT/lib/f" "ftruncate f 1p" "open f rw,creat $MNT/deny/f" "ftruncate f 1p" \
		"open f rw,creat $MNT/deny/ok" "ftruncate f 1p" >/dev/null
	t_transcript <<-EOF
		open f rw $MNT/f: ok
		map s f 1p rw shared: ok
		map w f 1p rw private: ok
		open l rw $MNT/lib/f: ok
		map m l 1p r shared: ENODEV
		map c l 1p r private: ok
		open d rw $MNT/deny/f: ok
		map d d 1p rw shared: ok
		map d d 1p rwx shared: EPERM
		map d d 1p rwx private: EPERM
		map d d 1p x private: ok
		open o rw $MNT/deny/ok: ok
		map o o 1p rwx shared: ok
		map a anon 1p rw private: ok
		map a anon 1p rx private: EPERM
		map a anon 1p x private: ok
	EOF
	t_has "$(t_wrap --board "$MNT" --trace -- "$H/mapcall" "map a anon 1p rwx private" 2>&1)" "-1 EPERM: security: "
}
for profile in bdi linux6; do
	cat >board.ini <<-EOF
		[board]
		ram = 4M
		profile = $profile
		[caps /lib/*]
		caps = copy
		[policy /deny/*]
		deny = write+exec
		[policy /deny/ok]
		deny = none
		[policy [anonymous]]
		deny = read+exec
	EOF
	t_mount board.ini
	maps
	t_umount
done

# Without a pattern: files and anonymous memory.
printf '[board]\nram = 4M\n[policy]\ndeny = exec\n' >board.ini
t_mount board.ini
"$H/fscall" "open f rw,creat $MNT/f" "ftruncate f 1p" >/dev/null
t_transcript <<EOF
open f rw $MNT/f: ok
map s f 1p rx shared: EPERM
map s f 1p rw shared: ok
map a anon 1p rx private: EPERM
map a anon 1p r private: ok
EOF
t_umount

# noexec, of the mount or of the board file: files cannot be mapped to be executed; memory can.
printf '[board]\nram = 4M\nnoexec = yes\n' >board.ini
for how in 'none -o noexec' board.ini; do
	for profile in bdi linux6; do
		# shellcheck disable=SC2086
		t_mount -o "ram=4M,profile=$profile" $how
		"$H/fscall" "open f rw,creat $MNT/f" "ftruncate f 1p" >/dev/null
		t_transcript <<-EOF
			open f rw $MNT/f: ok
			map s f 1p rx shared: EPERM
			map s f 1p rx private: EPERM
			map s f 1p r private: ok
			map a anon 1p rwx private: ok
		EOF
		t_umount
	done
done
# exec on the command line takes it back.
t_mount -o exec board.ini
"$H/fscall" "open f rw,creat $MNT/f" "ftruncate f 1p" >/dev/null
t_transcript <<EOF
open f rw $MNT/f: ok
map s f 1p rx shared: ok
EOF
t_umount

# Names that are not known: EINVAL, and a line in the log that lists those that are.
t_mount -o ram=4M "--log=$T/log"
t_calls <<'EOF'
open f rw,creat f: ok
set f user.bdi.capabilities copy,fly: EINVAL
set f user.bdi.capability copy: EINVAL
set f user.bdi.kind tape: EINVAL
EOF
t_eq "$(sed 's/^[-0-9]* [0-9:]* //' log)" "nommufs: /f: user.bdi.capabilities: 'copy,fly' is not known; it takes names out of \
copy, direct, read, write and exec with + between, or none, or a number such as 0x1c
nommufs: /f: user.bdi.capability: there is no such setting; known are user.bdi.capabilities, user.bdi.kind, \
user.bdi.get_unmapped_area, user.bdi.mmap, user.bdi.read
nommufs: /f: user.bdi.kind: 'tape' is not known; it takes regular, block, char or shm" "the log"
