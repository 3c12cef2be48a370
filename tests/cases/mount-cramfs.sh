#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A cramfs at /rom: compressed files are read and mapped as copies, files that lie as they are in place; either endianness;
# damage inside of a block is an error of the file alone.
. "$(dirname "$0")/helpers/transcript.sh"
. "$(dirname "$0")/helpers/calls.sh"
t_tmp
mkdir -p tree/sub/empty
head -c 9000 /dev/zero | tr '\0' 'c' >tree/file
head -c 100000 /dev/urandom >tree/random
: >tree/none
truncate -s 50000 tree/holes
printf end >>tree/holes
ln -s ../file tree/sub/link
mkfifo tree/sub/fifo
chmod 0750 tree/sub
chmod 4711 tree/random
if [ "$(id -u)" = 0 ]; then
	mknod tree/null c 1 3
	mknod tree/disk b 8 17
	chown 1000:100 tree/file
fi

image() {
	local file
	for file in file random none holes; do
		cmp "tree/$file" "$MNT/rom/$file" || t_fail "$file differs"
		cmp "tree/$file" <(dd if="$MNT/rom/$file" bs=777 iflag=direct status=none) || t_fail "$file, read directly"
	done
	t_calls <<-'EOF'
		list rom/sub: empty,fifo,link
		readlink rom/sub/link: ../file
		stat rom/sub mode: 0750
		stat rom/random mode: 4711
		stat rom/sub/fifo type: fifo
		stat rom/none size: 0
		stat rom/file nlink: 1
		get rom/file user.bdi.capabilities: copy
		get rom/file user.bdi.address: ENODATA
		open f r rom/file: ok
		pread f 4094 4: cccc
		pread f 8999 10: c
		pread f 9000 10: 
		seek f 5 data: 5
		seek f 5 hole: 9000
		open g w rom/file: EROFS
		unlink rom/file: EROFS
		open h rw,creat copy: ok
		copy f 0 h 0 9000: 9000
		check h 0 9000 99: ok
	EOF
	if [ "$(id -u)" = 0 ]; then
		t_calls <<-'EOF'
			stat rom/file uid: 1000
			stat rom/file gid: 100
			stat rom/null type: regular
			get rom/null user.bdi.device: c?1:3
			get rom/disk user.bdi.device: b?8:17
		EOF
	fi
}

# Shared with who comes next, never with who writes; beyond the end zeroes.
copied() {
	t_transcript <<-EOF
		open f r $MNT/rom/file: ok
		map a f 3p r private: ok
		get a+8998 4: cc..
		zero a+9000 3288: ok
		map b f 3p rx private: ok
		distance a b: 0
		map w f 3p rw private: ok
		put w X: ok
		get a 1: c
		map s f 3p r shared: ENODEV
		map o f 1p r private 1p: $(t_by EINVAL ok)
	EOF
	t_has "$(t_wrap --board "$MNT" --trace -- "$H/mapcall" "open f r $MNT/rom/file" "map a f 3p r private" 2>&1)" \
		": copy: "
}

for order in little big; do
	mkfs.cramfs -N $order tree "$order.img" >/dev/null 2>&1
done
for profile in bdi linux6; do
	t_mount -o "ram=4M,profile=$profile" little.img
	image
	copied
	t_umount
done
t_mount -o ram=4M big.img
image
t_umount

# In place.
"$H/cramplace" place.img
placed() {
	t_transcript <<-EOF
		open f r $MNT/rom/place: ok
		map s f 5p rx shared: ok
		map p f 2p r private 1p: ok
		distance s p: 4096
		get s+4095 2: ab
		get s+4p 4: eeee
		map w f 1p rw private: ok
		put w X: ok
		get s 2: aa
		map x f 6p r private: EINVAL
		map x f 1p rw shared: EACCES
	EOF
}
for profile in bdi linux6; do
	t_mount -o "ram=4M,profile=$profile" place.img
	t_calls <<-'EOF'
		get rom/place user.bdi.capabilities: copy,direct,read,exec
		get rom/place user.bdi.address: 0x60401000
		get rom/place user.bdi.contiguous: 16484
	EOF
	placed
	t_umount
done

# Many readers at once of what has to be unpacked.
t_mount -o ram=4M little.img
pids=()
for i in 1 2 3 4 5 6; do
	(for j in 1 2 3 4 5; do
		cmp tree/random <(dd if="$MNT/rom/random" bs=$((1000 * i + j)) iflag=direct status=none) || exit 1
	done) &
	pids+=($!)
done
for pid in "${pids[@]}"; do
	wait "$pid" || t_fail "a reader found other bytes"
done
t_umount

# A block that is damaged: without the checksum the image is good, and its file says so when it is read. Superblock, one
# header with a name of four bytes and three block pointers are before the blocks.
mkdir one && cp tree/file one/file
mkfs.cramfs one bad.img >/dev/null 2>&1
printf '\002' | dd of=bad.img bs=1 seek=8 conv=notrunc status=none
printf '\377\377\377\377' | dd of=bad.img bs=1 seek=$((76 + 16 + 12 + 8)) conv=notrunc status=none
damaged() {
	t_transcript <<-EOF
		open f r $MNT/rom/file: ok
		map m f 1p r private: EIO
		map m f 3p r private: EIO
		map m f 1p r private 1p: ok
		get m 2: cc
	EOF
}
for profile in bdi linux6; do
	t_mount -o "ram=4M,profile=$profile" bad.img
	t_eq "$(stat -c %s "$MNT/rom/file")" 9000 "size of the damaged file"
	t_errno EIO cat "$MNT/rom/file"
	t_eq "$(dd if="$MNT/rom/file" bs=4096 skip=1 count=1 iflag=direct status=none | tr -d c | wc -c)" 0 "the block behind"
	damaged
	t_umount
done
# With the checksum it is refused.
printf '\003' | dd of=bad.img bs=1 seek=8 conv=notrunc status=none
mkdir mnt
status=0
"$B/nommufs" bad.img mnt 2>err || status=$?
t_eq "$status" 1 "exit status"
t_has "$(cat err)" "nommufs: bad.img: cramfs: offset 0x0: checksum 0x"
t_eq "$(wc -l <err)" 1 "lines of the message"
