#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The demo runs to its end, shows what it promises, fits 100 columns and leaves nothing behind.
. "$(dirname "$0")/lib.sh"
t_tmp

build=$B
if [ -n "$t_asan" ]; then
	# the sanitizer's runtime has to come before the shim
	mkdir b
	ln -s "$B"/nommufs "$B"/examples b/
	printf '#!/bin/sh\nLD_PRELOAD=%s ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 exec %s/nommu-run "$@"\n' \
		"$t_asan" "$B" >b/nommu-run
	chmod +x b/nommu-run
	build=$T/b
fi
mkdir tmp
TMPDIR=$T/tmp "$ROOT/examples/demo.sh" "$build" >out 2>err || t_fail "demo: $(cat out err)"
t_eq "$(cat err)" "" "what the demo says on stderr"
t_eq "$(ls tmp)" "" "what the demo leaves behind"
! grep -q "$T/tmp" /proc/self/mountinfo || t_fail "the demo left its board mounted"
t_eq "$(awk 'length > 100' out)" "" "lines over 100 columns"

# two columns: on the host, on the board
while IFS= read -r want; do
	grep -qE "$want" out || t_fail "no line like '$want' in: $(cat out)"
done <<'END'
f\(14\) = 42 +its function says +f\(14\) = 42
RAM that this took +0 kB$
page 1 says +"new" +the mapping's page 1 says +"old"$
peer: .* the list says +one address space$
mmap at a fixed address +ok +mmap at a fixed address +EINVAL$
mprotect of a page +ok +mprotect of a page +ENOSYS$
grown by writes +ok +mmap shared, grown by writes +ENODEV$
sized beforehand +ok +mmap shared, sized beforehand +ok$
page of the four +ok +munmap of one page of the four +EINVAL$
fork +ok +fork +ENOSYS$
in one piece, now: +ok +64 pages in one piece, now: +ENOMEM$
all read: +ok +64 pages in one piece, all read: +ok$
pages in use +640 +pages in use +1024$
/triple\.bin$
END

# both mappings of the ROM file at one address, inside the ROM; host: two addresses
set -- $(sed -n 's/^.*mapped read+exec at .*mapped read+exec at *//p; s/^.*mapped once more at .*mapped once more at *//p' out)
t_eq "$1" "$2" "the two mappings of the ROM file on the board"
