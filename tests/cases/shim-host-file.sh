#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Files of the host can be copied, never mapped in place. Copies of the same bytes are shared, stale as they are.
. "$(dirname "$0")/helpers/transcript.sh"
t_tmp
noexec=ok
# The options of /proc's mount come before its device and type.
! grep -q '^[^-]* /proc [^-]*noexec.* - proc ' /proc/self/mountinfo || noexec=EPERM

host() {
	local before
	before=$(t_free)
	{ printf begin; head -c 8995 /dev/zero | tr '\0' x; } >file
	chmod 600 file
	t_transcript <<-EOF
		open f rw file: ok
		map a f 9000 r private: ok
		get a 6: beginx
		get a+8999 2: x.
		zero a+9000 3288: ok
		map b f 9000 rx private: ok
		distance a b: 0
		pwrite f 0 BEGIN: ok
		get a 5: begin
		map c f 9000 r private: ok
		get c 5: begin
		map d f 9000 rw private: ok
		get d 5: BEGIN
		put d other: ok
		pread f 0 5: BEGIN
		map e f 1p r private: $(t_by EINVAL ok)
		map e f 4p r private: EINVAL
		map e f 1p rw private: ok
		map z f 1p r private 8p: ok
		zero z 1p: ok
		map s f 1p r shared: ENODEV
		map s f 1p rw shared: ENODEV
		open r r file: ok
		map s r 1p rw shared: EACCES
		unmap a 1p: $(t_by EINVAL ok)
		unmap a 1p: EINVAL
		unmap a 3p: ok
		unmap b 3p: ok
		unmap c 3p: ok
		open w w file: ok
		map w w 3p r private: $(t_by ok EACCES)
		map w w 1p rw private: $(t_by ok EACCES)
		get d 5: other
		open p r /proc/version: ok
		map p p 1p r private: ok
		get p 5: Linux
		map p p 1p rx private: $noexec
	EOF
	t_returns "$before"
}
t_profiles host

# A file that may be written and not read, by somebody who is not root.
secret() {
	local line
	rm -f secret
	echo word >secret
	chmod 222 secret
	chmod 777 .
	exec 6>>secret
	line=$(t_run "$H/mapcall" 'map w 6 1p r private')
	t_eq "$line" "map w 6 1p r private: $1" "a descriptor that is open for writing only, $profile"
	exec 6>&-
}
for profile in bdi linux6; do
	t_mount -o "profile=$profile"
	# Root may open it a second time all the same.
	if [ "$(id -u)" -eq 0 ]; then
		secret "$(t_by ok EACCES)"
	else
		secret EACCES
	fi
	t_umount
done
