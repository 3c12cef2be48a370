#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# To a wrapped program device nodes of images are devices of their type and number, files whose kind was set of number
# 0:0; by every function of the stat family. All else is as without the shim.
. "$(dirname "$0")/helpers/transcript.sh"
t_tmp
if [ "$(id -u)" != 0 ]; then
	t_skip "only root makes device nodes"
fi

# One name of each kind; "to" is the node's name, in the folder above the links.
mkdir -p tree/dev/below
mknod tree/dev/null c 1 3
mknod tree/dev/disk b 8 17
mknod tree/dev/high c 200 255
chmod 0 tree/dev/disk
echo text >tree/dev/file
mkfifo tree/dev/fifo
ln -s null tree/dev/to-null
ln -s to-null tree/dev/to-to-null
ln -s ../disk tree/dev/below/to-disk
ln -s file tree/dev/to-file
ln -s nothing tree/dev/to-nothing
genromfs -f romfs -d tree
mkfs.cramfs tree cramfs >said 2>&1 || t_fail "mkfs.cramfs: $(cat said)"
plain=(. file fifo below to-file to-nothing nothing below/nothing file/below '')
images=(romfs cramfs tree)

# device TYPE NUMBER FOLDER NAME…: each is one, whatever asks, and everything else of it is as to an unwrapped program
device() {
	local type=$1 number=$2 expected line
	shift 2
	"$H/shim-stat" "$@" >unwrapped
	t_run "$H/shim-stat" "$@" >wrapped
	# Symbolic links themselves stay what they are; so does a type that was not asked for.
	expected=$(sed -E "/: (regular) /{
		s/: regular [0-9:]+ [0-9]+ [0-9]+ /: $type $number 0 0 /
		/^statx\(.* 0, (STATX_SIZE|0, )/s/: $type /: regular /
	}" unwrapped)
	[ -n "$expected" ]
	if [ "${opens:-no}" = no ]; then
		# What cannot be opened leaves no descriptor to ask.
		expected=$(sed -E "/^openat /,/^statx\(fd, none/{
			s/^(openat .*): ok/\1: ENXIO/
			s/^((fstat|__fxstat|syscall\(SYS_fstat).*fd, .*|statx\(fd, .*): .* \| .*/\1: EBADF/
			s/^(fstatat\(fd, \"\", &to.st, 0\).*): .*/\1: ENOENT/
		}" <<<"$expected")
	fi
	diff <(echo "$expected") wrapped >differs || t_fail "$* on $image, $profile: $(head -n 20 differs)"
	t_lacks "$(cat wrapped)" touched "$*"
	while read -r line; do
		[[ $line != *": $type $number 0 0 |"* ]] || return 0
	done <wrapped
	t_fail "$*: not once a $type"
}

same() {
	"$H/shim-stat" "$@" >unwrapped
	t_run "$H/shim-stat" "$@" >wrapped
	[ -s unwrapped ]
	diff unwrapped wrapped >differs || t_fail "$* on $image, $profile: $(head -n 20 differs)"
	t_lacks "$(cat wrapped)" touched "$*"
}

kinds() {
	local name
	for image in "${images[@]}"; do
		t_mount -o "ram=4M,profile=$profile" "$image"
		same "$MNT/rom/dev" "${plain[@]}"
		same "$T/tree/dev" null disk "${plain[@]}" to-null below/to-disk
		for name in null to-null to-to-null below/../null; do
			device char 1:3 "$MNT/rom/dev" "$name"
		done
		device block 8:17 "$MNT/rom/dev" disk
		device block 8:17 "$MNT/rom/dev/below" to-disk
		device char 200:255 "$MNT/rom/dev" high
		opens=yes device char 1:3 "$MNT" @7 7<"$MNT/rom/dev/null"
		opens=yes device char 1:3 bad "$MNT/rom/dev/null"
		# Its kind is the user's to change, and a file of the image can be made one; its number cannot.
		setfattr -n user.bdi.kind -v block "$MNT/rom/dev/null"
		setfattr -n user.bdi.kind -v regular "$MNT/rom/dev/disk"
		setfattr -n user.bdi.kind -v char "$MNT/rom/dev/file"
		device block 1:3 "$MNT/rom/dev" null
		same "$MNT/rom/dev" disk
		opens=yes device char 0:0 "$MNT/rom/dev" file
		opens=yes device char 0:0 "$MNT/rom/dev" to-file
		t_umount
	done

	image=RAM
	cat >board.ini <<-'END'
		[caps /set/*]
		kind = block
	END
	t_mount -o "ram=4M,profile=$profile" board.ini
	mkdir "$MNT/set" "$MNT/dir"
	echo text | tee "$MNT/set/f" "$MNT/f" >"$MNT/dir/f"
	ln -s f "$MNT/to-f"
	ln -s nothing "$MNT/dir/to-nothing"
	mkfifo "$MNT/dir/fifo"
	same "$MNT" f to-f dir set . nothing proc/meminfo
	same "$MNT/dir" fifo f to-nothing
	opens=yes device block 0:0 "$MNT/set" f
	# What is made in a folder of a kind has it; the folder is one all the same.
	setfattr -n user.bdi.kind -v char "$MNT/f"
	setfattr -n user.bdi.kind -v char "$MNT/dir"
	echo text >"$MNT/dir/new"
	opens=yes device char 0:0 "$MNT" f
	opens=yes device char 0:0 "$MNT" to-f
	opens=yes device char 0:0 "$MNT/dir" new
	opens=yes device char 0:0 "$MNT" @7 7>"$MNT/dir/written"
	same "$MNT" dir dir/f
	setfattr -n user.bdi.kind -v shm "$MNT/f"
	same "$MNT" f
	# It has no name any more.
	exec 7<>"$MNT/dir/new"
	rm "$MNT/dir/new"
	opens=yes device char 0:0 "$MNT" @7
	exec 7<&-
	opens=yes device block 0:0 bad "$MNT/set/f"
	same bad "$MNT/to-f"
	same bad /dev/null
	t_umount
}
for profile in bdi linux6; do
	kinds
done

# Of another board, where inode numbers are the same.
image=romfs profile=bdi
t_mount -o ram=4M romfs
other=$MNT/rom/dev
t_mount -o ram=4M romfs
same "$other" null disk to-null file
same bad "$other/null"

# Off the board, and with the shim but no board.
profile='no board' image=-
t_run() { env -u NOMMU_BOARD LD_PRELOAD="${t_asan:+$t_asan:}$B/libnommu-preload.so" "$@"; }
t_mount -o ram=4M romfs
same "$MNT/rom/dev" null disk file to-null
same bad "$MNT/rom/dev/null"
