#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A directory as ROM: types, modes, owners, times, links and devices as they are; in place at the alignment that was asked;
# what happens to it later does not show.
. "$(dirname "$0")/helpers/transcript.sh"
. "$(dirname "$0")/helpers/calls.sh"
t_tmp
mkdir -p tree/sub/empty
echo one >tree/one
head -c 9000 /dev/urandom >tree/sub/two
ln tree/one tree/sub/hard
ln -s ../one tree/sub/link
ln -s "$(printf '%04000d' 0)" tree/long
: >tree/none
mkfifo tree/fifo
chmod 4711 tree/one
chmod 1770 tree/sub
touch -d '2001-02-03 04:05:06.123456789' tree/one tree/sub/two
touch -d '1969-12-31 23:59:58' tree/none
touch -h -d '2002-01-01' tree/sub/link
if [ "$(id -u)" = 0 ]; then
	mknod tree/null c 1 3
	mknod tree/disk b 8 17
	chown 12:34 tree/sub/two
fi
touch -d '2003-01-01' tree/sub tree
t_mount -o ram=4M tree/
list() {
	(cd "$1" && find . ! -name null ! -name disk \( -type d -printf '%P %y %m %U %G %T@\n' -o -printf '%P %y %m %U %G %T@ %n %s %l\n' \)) | sort
}
diff <(list tree) <(list "$MNT/rom") || t_fail "the trees differ"
diff -r --no-dereference -x fifo -x null -x disk tree "$MNT/rom" || t_fail "the files differ"
t_eq "$(stat -c %i "$MNT/rom/one")" "$(stat -c %i "$MNT/rom/sub/hard")" "inode numbers of hard links"
t_calls <<'EOF'
get rom/one user.bdi.capabilities: copy,direct,read,exec
get rom/one user.bdi.contiguous: 4
get rom/none user.bdi.address: ENODATA
open f w rom/one: EROFS
unlink rom/one: EROFS
set rom/one user.note x: EROFS
open f r rom/sub/two: ok
seek f 1 data: 1
seek f 1 hole: 9000
EOF
if [ "$(id -u)" = 0 ]; then
	t_calls <<-'EOF'
		stat rom/null type: regular
		stat rom/null size: 0
		get rom/null user.bdi.kind: char
		get rom/null user.bdi.device: c?1:3
		get rom/disk user.bdi.device: b?8:17
		get rom/one user.bdi.device: ENODATA
		set rom/null user.bdi.device x: EPERM
		get rom/null system.nommufs.device: c?1:3
		get rom/one system.nommufs.device: ENODATA
		set rom/null system.nommufs.device x: EOPNOTSUPP
	EOF
fi
# The directory may change and go: it was packed.
mv tree/sub/two two
rm -r tree/sub tree/one
cmp two <(dd if="$MNT/rom/sub/two" bs=777 iflag=direct status=none) || t_fail "what was packed changed"

# In place, both of a private mapping and a shared one.
maps() {
	t_transcript <<-EOF
		open f r $MNT/rom/sub/two: ok
		map p f 3p r private: ok
		map s f 3p rx shared: ok
		distance p s: 0
		map w f 3p rw private: ok
		map e f 3p r private 1p: EINVAL
		map x f 1p rw shared: EACCES
	EOF
}
maps
t_umount

mkdir -p tree/sub
cp two tree/sub/two
echo x >tree/x
# align=: 16 as romfs, 4096 unless said, 64 KiB.
for align in 1 16 4096 65536; do
	t_mount -o "ram=4M,align=$align" tree
	for file in sub/two x; do
		address=$("$H/fscall" "get $MNT/rom/$file user.bdi.address" | sed 's/.*: //')
		t_eq "$((address % align))" 0 "alignment of $file with align=$align"
		cmp "tree/$file" "$MNT/rom/$file"
	done
	t_umount
done

# Nothing in it, and nothing but empty files.
mkdir nothing
t_mount -o ram=4M nothing
t_eq "$(ls -A "$MNT/rom")" "" "an empty directory"
t_umount
: >nothing/empty
t_mount -o ram=4M nothing
t_eq "$(stat -c '%n %s' "$MNT/rom/empty")" "$MNT/rom/empty 0" "an empty file"
t_umount

# What cannot be read is named, and nothing is mounted.
if [ "$(id -u)" = 0 ]; then
	mkdir mnt
	chown -R 1000:1000 "$T"
	echo secret >tree/secret && chmod 0600 tree/secret
	status=0
	setpriv --reuid=1000 --regid=1000 --clear-groups "$B/nommufs" -o ram=4M tree mnt 2>err || status=$?
	t_eq "$status" 1 "exit status with a file that cannot be read"
	t_has "$(cat err)" "secret: "
	t_has "$(cat err)" "Permission denied"
	t_eq "$(wc -l <err)" 1 "lines of the message"
	! t_mounted "$T/mnt" || t_fail "something is mounted"
fi
