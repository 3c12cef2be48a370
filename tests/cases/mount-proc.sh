#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The mount's /proc without processes: what is in it, its texts' forms, that it cannot be changed but for nr_trim_pages.
. "$(dirname "$0")/helpers/calls.sh"
t_tmp
t_mount -o ram=4M

t_calls <<'EOF'
list proc: .attach,buddyinfo,maps,meminfo,sys,sysvipc
list proc/sysvipc: shm
stat proc/sysvipc/shm mode: 0444
list proc/sys: vm
list proc/sys/vm: nr_trim_pages
stat proc mode: 0555
stat proc/maps mode: 0444
stat proc/sys/vm/nr_trim_pages mode: 0644
open m r proc/maps: ok
pread m 0 100: 
stat proc/1 type: ENOENT
stat proc/0 type: ENOENT
stat proc/x type: ENOENT
list proc/.attach: 
stat proc/.attach/x type: ENOENT
open x w,creat proc/x: EPERM
open x w,creat proc/.attach/x: EPERM
mkdir proc/x: EPERM
symlink x proc/x: EPERM
unlink proc/maps: EPERM
rmdir proc/sys: EPERM
rmdir proc: EBUSY
chmod proc/maps 0666: EPERM
utimens proc/maps 1 1: EPERM
truncate proc/maps 0: EPERM
open x w proc/meminfo: EACCES
open t rw proc/sys/vm/nr_trim_pages: ok
pread t 0 100: 1?
write t 7: ok
open u rw,trunc proc/sys/vm/nr_trim_pages: ok
pread u 0 100: 7?
pread u 1 100: ?
pread u 2 100: 
write u -1: EINVAL
write u x: EINVAL
write u 99999999999999999999: EINVAL
write u 0: ok
open v r proc/sys/vm/nr_trim_pages: ok
pread v 0 100: 0?
pread u 0 100: 7?
EOF

head -c 1M /dev/zero >"$MNT/file"
meminfo=$(cat "$MNT/proc/meminfo")
t_has "$meminfo" "MemTotal:           4096 kB"
t_has "$meminfo" "MemFree:            3072 kB"
t_has "$meminfo" "Cached:             1024 kB"
t_has "$meminfo" "MmapCopy:              0 kB"
# Free pages by order add up to what is free.
read -r node number zone name orders <"$MNT/proc/buddyinfo"
t_eq "$node $number $zone $name" "Node 0, zone Normal" "buddyinfo"
pages=0 order=0
for count in $orders; do
	pages=$((pages + (count << order)))
	order=$((order + 1))
done
t_eq "$order $pages" "11 768" "orders and free pages in buddyinfo"

# What is still open when the mount goes is no leak.
exec 5<"$MNT/proc/meminfo"
fusermount3 -uz "$MNT"
exec 5<&-
