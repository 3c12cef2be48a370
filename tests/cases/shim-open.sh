#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# In a wrapped program a device node of an image does not open, ENXIO, by any function, since the board has no devices;
# with a reason in the trace. All other opens are as without the shim.
. "$(dirname "$0")/helpers/transcript.sh"
t_tmp
if [ "$(id -u)" != 0 ]; then
	t_skip "only root makes device nodes"
fi
mkdir -p tree/dev/below
mknod tree/dev/null c 1 3
mknod tree/dev/disk b 8 17
chmod 0666 tree/dev/null
echo text >tree/dev/file
ln -s null tree/dev/to-null
ln -s ../disk tree/dev/below/to-disk
ln -s file tree/dev/to-file
ln -s nothing tree/dev/to-nothing
genromfs -f romfs -d tree
mkfs.cramfs tree cramfs >said 2>&1 || t_fail "mkfs.cramfs: $(cat said)"

# node FOLDER NAME…: none opens
node() {
	local expected
	"$H/shim-open" "$@" >unwrapped
	NOMMU_TRACE=$T/trace t_run "$H/shim-open" "$@" >wrapped
	# Refused by the host for another reason, it is so still; O_PATH opens no device.
	expected=$(sed -E '/O_PATH|^fopen|^faccessat/!s/: ([0-9]+|EROFS)$/: ENXIO/' unwrapped)
	diff <(echo "$expected") wrapped >differs || t_fail "$* on $image, $profile: $(head -n 20 differs)"
	t_eq "$(grep -c 'ENXIO: no-device: .* names a device that the board does not have' trace)" \
		"$(grep -c ENXIO wrapped)" "reasons in the trace"
	t_eq "$(wc -l <trace)" "$(grep -c ENXIO wrapped)" "lines in the trace"
	rm trace
}

same() {
	"$H/shim-open" "$@" >unwrapped
	t_run "$H/shim-open" "$@" >wrapped
	[ -s unwrapped ]
	diff unwrapped wrapped >differs || t_fail "$* on $image, $profile: $(head -n 20 differs)"
	t_lacks "$(cat wrapped)" touched "$*"
}

opens() {
	local name
	for image in romfs cramfs tree; do
		t_mount -o "ram=4M,profile=$profile" "$image"
		for name in null disk to-null below/to-disk; do
			node "$MNT/rom/dev" "$name"
		done
		same "$MNT/rom/dev" file to-file to-nothing below nothing
		# As a char device it has no number that a board could have a device of; as a file the node is an empty one.
		setfattr -n user.bdi.kind -v char "$MNT/rom/dev/file"
		setfattr -n user.bdi.kind -v regular "$MNT/rom/dev/null"
		same "$MNT/rom/dev" file null to-null
		t_umount
	done

	image=RAM
	t_mount -o "ram=4M,profile=$profile"
	mkdir "$MNT/dir"
	echo text | tee "$MNT/f" >"$MNT/dir/plain"
	setfattr -n user.bdi.kind -v block "$MNT/dir" "$MNT/f"
	mkfifo "$MNT/fifo"
	same "$MNT" f
	same "$MNT/dir" plain
	same "$T/tree/dev" to-file file
	same /dev null zero
	same bad "$MNT/f"
	same fifo "$MNT/fifo"
	# Files that are made are of their folder's kind: devices to who is wrapped, and empty.
	"$H/shim-open" make "$MNT/dir" >unwrapped
	rm "$MNT/dir"/?
	t_run "$H/shim-open" make "$MNT/dir" >wrapped
	diff <(sed 's/: 010/: 006/' unwrapped) wrapped >differs || t_fail "made, $profile: $(cat differs)"
	t_umount
}
for profile in bdi linux6; do
	opens
done

image=romfs
t_mount -o ram=4M romfs
NOMMU_TRACE=trace t_run "$H/shim-open" "$MNT/rom/dev" null disk >/dev/null
t_has "$(cat trace)" "openat(AT_FDCWD, \"$MNT/rom/dev/null\", O_WRONLY|O_CREAT|O_TRUNC) = -1 ENXIO: no-device: "
t_has "$(cat trace)" "<$MNT/rom/dev>, \"disk\", O_RDWR|O_NOFOLLOW) = -1 ENXIO: no-device: "

ulimit -c 0
# Where a mode is missing libc's own check ends the program.
for which in 0 1 2 3; do
	for run in env t_run; do
		status=0
		{ $run "$H/shim-open" fortify $which "$T" 2>"said-$run" >&2; } 2>/dev/null || status=$?
		t_eq $status 134 "the fortified open $which, by $run"
	done
	t_eq "$(grep '^\*\*\*' said-t_run)" "$(grep '^\*\*\*' said-env)" "what is said"
	t_has "$(cat said-t_run)" "invalid open" "what is said"
done

# Before the shim's constructor; AddressSanitizer's runtime, of which the shim then has need, is not ready there.
if [ -z "$t_asan" ]; then
	t_eq "$(t_run "$H/shim-open" early "$MNT/rom/dev/null")" "early: ok" "an open before the constructor"
fi

# Of another board, where inode numbers are the same.
image=romfs profile=bdi
t_mount -o ram=4M romfs
other=$MNT/rom/dev
t_mount -o ram=4M romfs
same "$other" null disk to-null file
same bad "$other/null"

# Without a board.
profile='no board'
t_run() { env -u NOMMU_BOARD LD_PRELOAD="${t_asan:+$t_asan:}$B/libnommu-preload.so" "$@"; }
same "$MNT/rom/dev" null file below
same bad "$MNT/rom/dev/null"
