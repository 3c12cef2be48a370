#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# An image that is damaged: cut at any place, or with any word of its headers overwritten, it is mounted or refused
# with one line that names the file and where; never more than that.
. "$(dirname "$0")/helpers/calls.sh"
t_tmp
mkdir -p rom/dir mnt
echo hello >rom/hello
echo there >rom/dir/there
genromfs -f image -d rom
size=$(stat -c %s image)
t_mounts+=("$T/mnt")

# refuse WHAT: the image "bad" is refused
refuse() {
	local status=0
	"$B/nommufs" -o ram=1M bad "$T/mnt" 2>err || status=$?
	[ "$status" -eq 1 ] || t_fail "$1: exit status $status"
	t_eq "$(wc -l <err)" 1 "$1: lines: $(cat err)"
	t_eq "$(cut -c -14 err)" "nommufs: bad: " "$1"
	! t_mounted "$T/mnt" || t_fail "$1: mounted"
}
for cut in 1 8 15 16 20 32 48 100 150; do
	head -c "$cut" image >bad
	refuse "cut to $cut bytes"
done
: >bad
refuse "an empty file"
head -c "$size" /dev/urandom >bad
refuse "random bytes"
# The size that its header tells is larger than the file.
cp image bad
printf '\x7f' | dd of=bad bs=1 seek=8 conv=notrunc status=none
refuse "a size beyond the end"

# Any word: mounted or refused, and if mounted all of it can be read, or not, without harm to the daemon.
mounted=0 refused=0
for ((at = 8; at < 192; at += 4)); do
	cp image bad
	printf '\xff\xff\xff\xf0' | dd of=bad bs=1 seek=$at conv=notrunc status=none
	status=0
	timeout 20 "$B/nommufs" -o ram=1M bad "$T/mnt" 2>err || status=$?
	if [ "$status" -eq 0 ]; then
		mounted=$((mounted + 1))
		timeout 20 find "$T/mnt/rom" -type f -exec cat {} + >/dev/null 2>&1 || [ $? -ne 124 ] ||
			t_fail "it hangs"
		t_eq "$(cat "$T/mnt/proc/sys/vm/nr_trim_pages")" 1 "the daemon, word at $at overwritten"
		t_umount "$T/mnt"
	else
		refused=$((refused + 1))
		t_eq "$status" 1 "exit status, word at $at overwritten"
		t_eq "$(wc -l <err)" 1 "word at $at overwritten: $(cat err)"
		t_has "$(cat err)" "nommufs: bad: "
	fi
done
[ "$refused" -gt 5 ] || t_fail "of the damaged images only $refused were refused, $mounted were mounted"
