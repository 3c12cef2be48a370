/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_rules_recorded - answers by name: what Linux 6.1 said on a machine without an MMU, as far as check and place
 * alone decide it, and what the patch and the document say in words. Each with the rule that must be given as reason.
 *
 * Not here: what needs memory, a file's pages or a process (no-memory, end of file, munmap, mremap).
 */
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#include "rules_report.h"
#include "suites.h"

#define PAGE ((int64_t)NOMMU_PAGE_SIZE)
#define GIB4 (UINT64_C(4) << 30)

#define R PROT_READ
#define W PROT_WRITE
#define X PROT_EXEC

#define RDONLY (NOMMU_FD_OPEN | NOMMU_FD_READ)
#define WRONLY (NOMMU_FD_OPEN | NOMMU_FD_WRITE)
#define RDWR   (NOMMU_FD_OPEN | NOMMU_FD_READ | NOMMU_FD_WRITE)
#define PATH   (NOMMU_FD_OPEN | NOMMU_FD_PATH)
#define CLOSED 0u

/* What was mapped. */
enum subject {
	ANONYMOUS,
	RAMFS,
	RAMFS_NOEXEC,
	APPEND_ONLY,
	ROMFS,
	DISK,
	BLOCKDEV,
	DEV_MEM,
	DEV_NULL,
	HOST_CHAR,
	SOCKET,
	OTHER,
	NO_DIRECT,
	WRITE_ONLY,
	NO_CAPS,
};

#define SUBJECT(kind, flags, caps, address, map) {NOMMU_KIND_##kind, (flags), (caps), (address), (map), 0, 0, 0}
#define SET         NOMMU_FILE_CAPS_SET
#define NO_OP       NOMMU_OP_NONE
#define COPY_DIRECT (BDI_CAP_MAP_COPY | BDI_CAP_MAP_DIRECT)

static const struct nommu_file_attr subjects[] = {
	[RAMFS] = SUBJECT(REGULAR, SET, BDI_CAP_ALL, 0, 0),
	[RAMFS_NOEXEC] = SUBJECT(REGULAR, SET | NOMMU_FILE_NOEXEC, BDI_CAP_ALL, 0, 0),
	[APPEND_ONLY] = SUBJECT(REGULAR, SET | NOMMU_FILE_APPEND, BDI_CAP_ALL, 0, 0),
	[ROMFS] = SUBJECT(REGULAR, SET, COPY_DIRECT | BDI_CAP_READ_MAP | BDI_CAP_EXEC_MAP, 0, 0),
	[DISK] = SUBJECT(REGULAR, 0, 0, NO_OP, 0),
	[BLOCKDEV] = SUBJECT(BLOCK, 0, 0, NO_OP, 0),
	[DEV_MEM] = SUBJECT(CHAR, 0, 0, 0, 0),
	[DEV_NULL] = SUBJECT(CHAR, 0, 0, NO_OP, NO_OP),
	[HOST_CHAR] = SUBJECT(CHAR, NOMMU_FILE_NO_READ, 0, NO_OP, 0),
	[SOCKET] = SUBJECT(SOCKET, 0, 0, NO_OP, 0),
	[OTHER] = SUBJECT(OTHER, 0, 0, NO_OP, NO_OP),
	[NO_DIRECT] = SUBJECT(REGULAR, SET, BDI_CAP_ALL & ~BDI_CAP_MAP_DIRECT, 0, 0),
	[WRITE_ONLY] = SUBJECT(REGULAR, SET, COPY_DIRECT | BDI_CAP_WRITE_MAP, 0, 0),
	[NO_CAPS] = SUBJECT(REGULAR, SET, 0, 0, 0),
};

/* ---- check ----------------------------------------------------------------------------------------------------- */

struct recorded {
	const char *name;
	enum subject file;
	uint32_t fd;
	int prot, flags;
	uint64_t addr, length;
	int64_t offset;
	int error; /* positive; 0 a plan */
	enum nommu_rule rule;
};

#define ANY(name, file, fd, prot, flags, addr, length, offset, error, rule) \
	{name, file, fd, prot, flags, addr, length, offset, error, NOMMU_RULE_##rule}
#define ANON(name, prot, flags, addr, length, offset, error, rule) \
	ANY(name, ANONYMOUS, CLOSED, prot, MAP_ANONYMOUS | (flags), addr, length, offset, error, rule)
#define FD(name, file, fd, prot, flags, error, rule) ANY(name, file, fd, prot, flags, 0, 4 * PAGE, 0, error, rule)

/* A descriptor of which both a private and a shared mapping, read only, were tried. */
#define BOTH(name, file, fd, p_error, p_rule, s_error, s_rule) \
	FD(name "-PRIVATE-R", file, fd, R, MAP_PRIVATE, p_error, p_rule), \
	FD(name "-SHARED-R", file, fd, R, MAP_SHARED, s_error, s_rule)

#define PRIV MAP_PRIVATE

static const struct recorded linux6[] = {
	/* anon-args */
	ANON("anon-len-0", R | W, PRIV, 0, 0, 0, EINVAL, LENGTH_ZERO),
	ANON("anon-len-1", R | W, PRIV, 0, 1, 0, 0, NONE),
	ANON("anon-len-0-no-type", R | W, 0, 0, 0, 0, EINVAL, TYPE),
	ANON("anon-4MB", R | W, PRIV, 0, 4 << 20, 0, 0, NONE),
	ANON("anon-len-SIZE_MAX", R | W, PRIV, 0, SIZE_MAX, 0, ENOMEM, LENGTH_RANGE),
	ANON("anon-len-SIZE_MAX-4095", R | W, PRIV, 0, SIZE_MAX - 4095, 0, ENOMEM, LENGTH_RANGE),
	ANON("anon-len-LONG_MAX", R | W, PRIV, 0, INT64_MAX, 0, ENOMEM, LENGTH_RANGE),
	ANON("anon-MAP_FIXED-elsewhere", R | W, PRIV | MAP_FIXED, 0x100000, PAGE, 0, EINVAL, FIXED),
	ANON("anon-MAP_FIXED-at-0", R | W, PRIV | MAP_FIXED, 0, PAGE, 0, EINVAL, FIXED),
	ANON("anon-MAP_FIXED_NOREPLACE-at-0", R | W, PRIV | MAP_FIXED_NOREPLACE, 0, PAGE, 0, 0, NONE),
	ANON("anon-MAP_FIXED_NOREPLACE-at-free-ram", R | W, PRIV | MAP_FIXED_NOREPLACE, 0x100000, PAGE, 0, 0, NONE),
	ANON("anon-hint-page-aligned", R | W, PRIV, 0x100000, PAGE, 0, 0, NONE),
	ANON("anon-hint-unaligned", R | W, PRIV, 0x100001, PAGE, 0, 0, NONE),
	ANON("anon-hint-top-of-address-space", R | W, PRIV, UINT64_MAX - 4095, PAGE, 0, 0, NONE),
	ANON("anon-no-PRIVATE-no-SHARED", R | W, 0, 0, PAGE, 0, EINVAL, TYPE),
	ANON("anon-MAP_SHARED_VALIDATE", R | W, MAP_SHARED_VALIDATE, 0, PAGE, 0, EINVAL, TYPE),
	ANON("anon-type-6", R | W, 6, 0, PAGE, 0, EINVAL, TYPE),
	ANON("anon-with-bad-fd", R | W, PRIV, 0, PAGE, 0, 0, NONE),
	ANON("anon-shared", R | W, MAP_SHARED, 0, PAGE, 0, 0, NONE),
	ANY("file-with-bad-fd", RAMFS, CLOSED, R, PRIV, 0, PAGE, 0, EBADF, BAD_DESCRIPTOR),
	ANY("file-MAP_FIXED-with-bad-fd", RAMFS, CLOSED, R, PRIV | MAP_FIXED, 0, PAGE, 0, EBADF, BAD_DESCRIPTOR),
	ANON("anon-offset-1-page", R | W, PRIV, 0, PAGE, PAGE, 0, NONE),
	ANON("anon-offset-1-byte", R | W, PRIV, 0, PAGE, 1, EINVAL, OFFSET_ALIGN),
	ANON("anon-offset--1-page", R | W, PRIV, 0, PAGE, -PAGE, EOVERFLOW, OFFSET_WRAP),
	ANON("anon-offset--2-pages-len-1", R | W, PRIV, 0, 1, -2 * PAGE, 0, NONE),
	ANON("anon-offset--2-pages-len-3", R | W, PRIV, 0, 3 * PAGE, -2 * PAGE, EOVERFLOW, OFFSET_WRAP),
	ANON("anon-offset-max-positive", R | W, PRIV, 0, PAGE, INT64_MAX - 4095, 0, NONE),
	ANON("anon-MAP_GROWSDOWN", R | W, PRIV | MAP_GROWSDOWN, 0, PAGE, 0, 0, NONE),
	ANON("anon-MAP_LOCKED", R | W, PRIV | MAP_LOCKED, 0, PAGE, 0, 0, NONE),
	ANON("anon-MAP_NORESERVE", R | W, PRIV | MAP_NORESERVE, 0, PAGE, 0, 0, NONE),
	ANON("anon-MAP_POPULATE", R | W, PRIV | MAP_POPULATE, 0, PAGE, 0, 0, NONE),
	ANON("anon-MAP_STACK", R | W, PRIV | MAP_STACK, 0, PAGE, 0, 0, NONE),
	ANON("anon-MAP_HUGETLB", R | W, PRIV | MAP_HUGETLB, 0, PAGE, 0, 0, NONE),
	ANON("anon-MAP_SYNC", R | W, PRIV | MAP_SYNC, 0, PAGE, 0, 0, NONE),
	ANON("anon-MAP_DENYWRITE", R | W, PRIV | MAP_DENYWRITE, 0, PAGE, 0, 0, NONE),
	ANON("anon-MAP_EXECUTABLE", R | W, PRIV | MAP_EXECUTABLE, 0, PAGE, 0, 0, NONE),
	ANON("anon-unknown-bit-30", R | W, PRIV | 1 << 30, 0, PAGE, 0, 0, NONE),
	ANON("anon-PROT_NONE", 0, PRIV, 0, PAGE, 0, 0, NONE),
	ANON("anon-PROT_READ", R, PRIV, 0, PAGE, 0, 0, NONE),
	ANON("anon-PROT_WRITE-only", W, PRIV, 0, PAGE, 0, 0, NONE),
	ANON("anon-unknown-prot-bit", R | W | 0x100000, PRIV, 0, PAGE, 0, 0, NONE),

	/* ramfs */
	FD("trunc3-SHARED-RW", RAMFS, RDWR, R | W, MAP_SHARED, 0, NONE),
	FD("trunc3-PRIVATE-R", RAMFS, RDWR, R, PRIV, 0, NONE),
	FD("trunc3-PRIVATE-RW", RAMFS, RDWR, R | W, PRIV, 0, NONE),
	FD("SHARED-RWX", RAMFS, RDWR, R | W | X, MAP_SHARED, 0, NONE),
	FD("SHARED-PROT_NONE", RAMFS, RDWR, 0, MAP_SHARED, 0, NONE),
	FD("PRIVATE-PROT_NONE", RAMFS, RDWR, 0, PRIV, 0, NONE),
	ANY("SHARED-offset-100-bytes", RAMFS, RDWR, R, MAP_SHARED, 0, PAGE, 100, EINVAL, OFFSET_ALIGN),
	ANY("SHARED-len-0", RAMFS, RDWR, R, MAP_SHARED, 0, 0, 0, EINVAL, LENGTH_ZERO),
	FD("SHARED-MAP_FIXED-at-the-very-address", RAMFS, RDWR, R, MAP_SHARED | MAP_FIXED, EINVAL, FIXED),
	FD("MAP_SHARED_VALIDATE", RAMFS, RDWR, R, MAP_SHARED_VALIDATE, EINVAL, TYPE),

	/* otherfd, and devices */
	BOTH("pipe-read-end", OTHER, RDONLY, ENODEV, NO_MMAP, ENODEV, NO_MMAP),
	BOTH("pipe-write-end", OTHER, WRONLY, ENODEV, NO_MMAP, ENODEV, NO_MMAP),
	BOTH("unix-socket", SOCKET, RDWR, EINVAL, DEFAULT_CAPS, EINVAL, DEFAULT_CAPS),
	BOTH("dir", OTHER, RDONLY, ENODEV, NO_MMAP, ENODEV, NO_MMAP),
	BOTH("/proc/version", DISK, RDONLY, 0, NONE, ENODEV, SHARED_NOT_DIRECT),
	BOTH("eventfd", OTHER, RDWR, ENODEV, NO_MMAP, ENODEV, NO_MMAP),
	BOTH("O_PATH-fd", RAMFS, PATH, EBADF, BAD_DESCRIPTOR, EBADF, BAD_DESCRIPTOR),
	BOTH("closed-fd", RAMFS, CLOSED, EBADF, BAD_DESCRIPTOR, EBADF, BAD_DESCRIPTOR),
	BOTH("fifo", OTHER, RDWR, ENODEV, NO_MMAP, ENODEV, NO_MMAP),
	BOTH("/dev/mem", DEV_MEM, RDWR, ENODEV, PRIVATE_NO_COPY, 0, NONE),
	BOTH("/dev/null", DEV_NULL, RDWR, ENODEV, NO_MMAP, ENODEV, NO_MMAP),
	BOTH("block-device", BLOCKDEV, RDWR, 0, NONE, ENODEV, SHARED_NOT_DIRECT),
	FD("romfs-PRIVATE-RX", ROMFS, RDONLY, R | X, PRIV, 0, NONE),
	FD("no-capabilities-at-all-SHARED", NO_CAPS, RDWR, R, MAP_SHARED, ENODEV, SHARED_NOT_DIRECT),
	FD("no-capabilities-at-all-PRIVATE", NO_CAPS, RDWR, R, PRIV, ENODEV, PRIVATE_NO_COPY),

	/* perm */
	FD("RDONLY-SHARED-RW", RAMFS, RDONLY, R | W, MAP_SHARED, EACCES, SHARED_WRITE),
	FD("RDONLY-SHARED-W-only", RAMFS, RDONLY, W, MAP_SHARED, EACCES, SHARED_WRITE),
	FD("RDONLY-SHARED-R", RAMFS, RDONLY, R, MAP_SHARED, 0, NONE),
	FD("RDONLY-PRIVATE-RW", RAMFS, RDONLY, R | W, PRIV, 0, NONE),
	ANY("RDONLY-SHARED-RW-len-0", RAMFS, RDONLY, R | W, MAP_SHARED, 0, 0, 0, EINVAL, LENGTH_ZERO),
	FD("RDONLY-SHARED-RW-MAP_FIXED", RAMFS, RDONLY, R | W, MAP_SHARED | MAP_FIXED, EINVAL, FIXED),
	ANY("RDONLY-SHARED-RW-beyond-EOF", RAMFS, RDONLY, R | W, MAP_SHARED, 0, PAGE, 1 << 30, EACCES, SHARED_WRITE),
	FD("WRONLY-SHARED-W", RAMFS, WRONLY, W, MAP_SHARED, EACCES, UNREADABLE),
	FD("WRONLY-SHARED-R", RAMFS, WRONLY, R, MAP_SHARED, EACCES, UNREADABLE),
	FD("WRONLY-PRIVATE-R", RAMFS, WRONLY, R, PRIV, EACCES, UNREADABLE),
	FD("WRONLY-PRIVATE-NONE", RAMFS, WRONLY, 0, PRIV, EACCES, UNREADABLE),
	FD("append-only-inode-SHARED-R-on-RDWR-fd", APPEND_ONLY, RDWR, R, MAP_SHARED, EACCES, APPEND),
	FD("append-only-inode-SHARED-R-on-RDONLY-fd", APPEND_ONLY, RDONLY, R, MAP_SHARED, 0, NONE),
	FD("noexec-PRIVATE-RX", RAMFS_NOEXEC, RDWR, R | X, PRIV, EPERM, NOEXEC),
	FD("noexec-SHARED-RX", RAMFS_NOEXEC, RDWR, R | X, MAP_SHARED, EPERM, NOEXEC),
	FD("noexec-PRIVATE-X-only", RAMFS_NOEXEC, RDWR, X, PRIV, EPERM, NOEXEC),
	FD("noexec-PRIVATE-R", RAMFS_NOEXEC, RDWR, R, PRIV, 0, NONE),
	FD("noexec-SHARED-RW", RAMFS_NOEXEC, RDWR, R | W, MAP_SHARED, 0, NONE),
};

static const struct recorded bdi[] = {
	/* patch: the simple checks first, all EINVAL */
	ANON("MAP_FIXED", R | W, PRIV | MAP_FIXED, 0, PAGE, 0, EINVAL, FIXED),
	ANON("MAP_FIXED_NOREPLACE", R | W, PRIV | MAP_FIXED_NOREPLACE, 0x100000, PAGE, 0, EINVAL, FIXED),
	ANON("a particular address", R | W, PRIV, 0x100000, PAGE, 0, EINVAL, HINT),
	ANON("neither PRIVATE nor SHARED", R | W, 0, 0, PAGE, 0, EINVAL, TYPE),
	ANON("length that aligns to 0 is refused", R | W, PRIV, 0, SIZE_MAX, 0, EINVAL, LENGTH_RANGE),
	ANON("length 0 is refused", R | W, PRIV, 0, 0, 0, EINVAL, LENGTH_ZERO),
	ANON("longer than the address space", R | W, PRIV, 0, GIB4 + 1, 0, EINVAL, LENGTH_RANGE),
	ANON("offset wraps", R | W, PRIV, 0, PAGE, -PAGE, EINVAL, OFFSET_WRAP),
	ANON("anonymous SHARED is as PRIVATE", R | W, MAP_SHARED, 0, PAGE, 0, 0, NONE),

	/* patch: defaults, what is eliminated, SHARED and PRIVATE */
	BOTH("no map operation", OTHER, RDONLY, ENODEV, NO_MMAP, ENODEV, NO_MMAP),
	BOTH("socket", SOCKET, RDWR, EINVAL, DEFAULT_CAPS, EINVAL, DEFAULT_CAPS),
	BOTH("regular file on a disk", DISK, RDONLY, 0, NONE, ENODEV, SHARED_NOT_DIRECT),
	BOTH("block device", BLOCKDEV, RDWR, 0, NONE, ENODEV, SHARED_NOT_DIRECT),
	BOTH("char device by default", DEV_MEM, RDWR, ENODEV, PRIVATE_NO_COPY, 0, NONE),
	BOTH("char device of the host", HOST_CHAR, RDWR, ENODEV, PRIVATE_NO_COPY, ENODEV, SHARED_NOT_DIRECT),
	BOTH("capabilities 0 are none set", NO_CAPS, RDWR, 0, NONE, ENODEV, SHARED_NOT_DIRECT),
	BOTH("copy without direct", NO_DIRECT, RDWR, 0, NONE, ENODEV, SHARED_NOT_DIRECT),
	BOTH("memory that cannot be read in place", WRITE_ONLY, RDWR, 0, NONE, EINVAL, SHARED_PROTECTION),
	FD("write-only descriptor, private", RAMFS, WRONLY, R, PRIV, 0, NONE),
	FD("char device is not executable", DEV_MEM, RDWR, R | X, MAP_SHARED, EINVAL, SHARED_PROTECTION),
	FD("shared write needs a writable descriptor", RAMFS, RDONLY, R | W, MAP_SHARED, EACCES, SHARED_WRITE),
	FD("append-only and writable", APPEND_ONLY, RDWR, R, MAP_SHARED, EACCES, APPEND),
	FD("shared write to ROM", ROMFS, RDWR, R | W, MAP_SHARED, EINVAL, SHARED_PROTECTION),
	FD("exec on a noexec mount", RAMFS_NOEXEC, RDWR, X, PRIV, EPERM, NOEXEC),
	FD("read on a noexec mount", RAMFS_NOEXEC, RDWR, R, PRIV, 0, NONE),
};

static int check_recorded(enum nommu_profile profile, const struct recorded *r, struct rules_plan *plan)
{
	struct rules_call call = {
		.addr = r->addr,
		.length = r->length,
		.prot = r->prot,
		.flags = r->flags,
		.offset = r->offset,
		.limit = GIB4,
		.fd = r->fd,
	};

	return rules_check(profile, &call, r->file == ANONYMOUS ? NULL : &subjects[r->file], plan);
}

static void assert_recorded(enum nommu_profile profile, const struct recorded *r)
{
	char got[REPORT_TEXT];
	struct rules_plan plan;
	int error = check_recorded(profile, r, &plan);

	ck_assert_msg(error == -r->error && plan.rule == r->rule, "%s, %s: the engine says %s; recorded %s, rule %s",
		      r->name, report_profile(profile), report_plan(got, error, &plan), report_errno(-r->error),
		      r->rule ? nommu_rule_name(r->rule) : "-");
}

START_TEST(check_linux6)
{
	assert_recorded(NOMMU_PROFILE_LINUX6, &linux6[_i]);
}
END_TEST

START_TEST(check_bdi)
{
	assert_recorded(NOMMU_PROFILE_BDI, &bdi[_i]);
}
END_TEST

/* ---- place ----------------------------------------------------------------------------------------------------- */

/* A mapping of a file that check lets through, what is found, and what the driver says. */
struct placing {
	const char *name;
	enum subject file;
	int prot, type;
	struct rules_found found;
	struct rules_answers answers;
	enum rules_action action;
	int error;
	enum nommu_rule rule, dropped;
};

/* found */
#define NOTHING     {RULES_MATCH_NONE, false, false}
#define CROSSING    {RULES_MATCH_NONE, false, true}
#define SAME_COPY   {RULES_MATCH_EXACT, false, false}
#define SAME_DIRECT {RULES_MATCH_EXACT, true, false}
#define IN_COPY     {RULES_MATCH_PART, false, false}
#define IN_DIRECT   {RULES_MATCH_PART, true, false}

/* The address operation says, the map operation says. */
#define SAY(address, map) {(address), (map)}
#define OK SAY(0, 0)

#define DIRECTLY(name, file, prot, type, found, says) \
	{name, file, prot, type, found, says, RULES_DIRECT, 0, NOMMU_RULE_DIRECT, NOMMU_RULE_NONE}
#define JOINED(name, file, prot, type, found, says) \
	{name, file, prot, type, found, says, RULES_JOIN, 0, NOMMU_RULE_REUSE, NOMMU_RULE_NONE}
#define COPIED(name, file, prot, type, found, says, dropped) \
	{name, file, prot, type, found, says, RULES_COPY, 0, NOMMU_RULE_COPY, NOMMU_RULE_##dropped}
#define REFUSED(name, file, prot, type, found, says, error, rule) \
	{name, file, prot, type, found, says, RULES_REFUSE, error, NOMMU_RULE_##rule, NOMMU_RULE_NONE}

static const struct placing placings_linux6[] = {
	DIRECTLY("ramfs: SHARED in place", RAMFS, R | W, MAP_SHARED, NOTHING, OK),
	JOINED("ramfs: SHARED-subset", RAMFS, R | W, MAP_SHARED, IN_DIRECT, OK),
	DIRECTLY("ramfs: SHARED-overlap", RAMFS, R | W, MAP_SHARED, CROSSING, OK),
	JOINED("ramfs: PRIVATE-R shares with SHARED", RAMFS, R, PRIV, SAME_DIRECT, OK),
	COPIED("ramfs: PRIVATE-RW never shares", RAMFS, R | W, PRIV, SAME_DIRECT, OK, PRIVATE_WRITE),
	REFUSED("ramfs: empty-SHARED", RAMFS, R, MAP_SHARED, NOTHING, SAY(-ENOSYS, 0), ENODEV, ADDRESS_REFUSED),
	COPIED("ramfs: empty-PRIVATE-R", RAMFS, R, PRIV, NOTHING, SAY(-ENOSYS, 0), ADDRESS_REFUSED),
	JOINED("ramfs: a stale copy is joined by PRIVATE", RAMFS, R, PRIV, IN_COPY, SAY(-ENOSYS, 0)),
	DIRECTLY("slip: SHARED joins no copy", RAMFS, R, MAP_SHARED, SAME_COPY, OK),
	REFUSED("slip: or ENODEV", RAMFS, R, MAP_SHARED, SAME_COPY, SAY(-ENOSYS, 0), ENODEV, ADDRESS_REFUSED),
	JOINED("romfs on a disk: same range", DISK, R, PRIV, SAME_COPY, SAY(NO_OP, 0)),
	JOINED("romfs on a disk: a part", DISK, R, PRIV, IN_COPY, SAY(NO_OP, 0)),
	REFUSED("romfs on a disk: not contained", DISK, R, PRIV, CROSSING, SAY(NO_OP, 0), EINVAL, SHARE_OVERLAP),
	COPIED("romfs on a disk: RW never conflicts", DISK, R | W, PRIV, CROSSING, SAY(NO_OP, 0), DEFAULT_CAPS),
	REFUSED("romfs: beyond the end", ROMFS, R, PRIV, NOTHING, SAY(-EINVAL, 0), EINVAL, ADDRESS_REFUSED),
	COPIED("romfs: beyond it, to write", ROMFS, R | W, PRIV, NOTHING, SAY(-EINVAL, 0), PRIVATE_WRITE),
	REFUSED("MTD char device: PRIVATE-R", ROMFS, R, PRIV, NOTHING, SAY(0, -EACCES), EACCES, MAP_REFUSED),
	DIRECTLY("MTD char device: SHARED", DEV_MEM, R | W, MAP_SHARED, NOTHING, OK),
	REFUSED("asked again on joining", DEV_MEM, R, MAP_SHARED, SAME_DIRECT, SAY(0, -EACCES), EACCES, MAP_REFUSED),
	COPIED("an own copy asks nobody", RAMFS, R | W, PRIV, NOTHING, SAY(-EIO, -EIO), PRIVATE_WRITE),
};

static const struct placing placings_bdi[] = {
	JOINED("an existing mapping of the same segment", DISK, R, PRIV, SAME_COPY, SAY(NO_OP, 0)),
	REFUSED("a copy, not the same segment", DISK, R, PRIV, CROSSING, SAY(NO_OP, 0), EINVAL, SHARE_OVERLAP),
	DIRECTLY("direct mappings may overlap", DEV_MEM, R, MAP_SHARED, CROSSING, OK),
	JOINED("sharing does not notify the driver", DEV_MEM, R, MAP_SHARED, SAME_DIRECT, SAY(-EIO, -EIO)),
	DIRECTLY("ROM, read and exec, in place", ROMFS, R | X, PRIV, NOTHING, OK),
	COPIED("private writable: always a copy", RAMFS, R | W, PRIV, SAME_DIRECT, OK, PRIVATE_WRITE),
	REFUSED("not handled: rejected", DEV_MEM, R, MAP_SHARED, NOTHING, SAY(-ENOSYS, 0), ENODEV, ADDRESS_REFUSED),
	COPIED("not handled: or a copy", ROMFS, R, PRIV, NOTHING, SAY(-ENOSYS, 0), ADDRESS_REFUSED),
	REFUSED("a weird offset", DEV_MEM, R, MAP_SHARED, NOTHING, SAY(-EINVAL, 0), EINVAL, ADDRESS_REFUSED),
	COPIED("mmap says ENOSYS: a copy", ROMFS, R, PRIV, NOTHING, SAY(0, -ENOSYS), MAP_REFUSED),
	REFUSED("mmap says ENOSYS: SHARED", DEV_MEM, R, MAP_SHARED, NOTHING, SAY(0, -ENOSYS), ENODEV, MAP_REFUSED),
	REFUSED("mmap refuses a copy", RAMFS, R | W, PRIV, NOTHING, SAY(0, -EAGAIN), EAGAIN, MAP_REFUSED),
	COPIED("mmap says ok to a copy: no BUG", RAMFS, R | W, PRIV, NOTHING, OK, PRIVATE_WRITE),
	COPIED("direct is lost: the address is not used", WRITE_ONLY, R, PRIV, NOTHING, OK, PRIVATE_PROTECTION),
};

static void assert_placing(enum nommu_profile profile, const struct placing *p)
{
	const struct recorded call = {
		.name = p->name, .file = p->file, .fd = RDWR, .prot = p->prot, .flags = p->type, .length = PAGE
	};
	char got[REPORT_TEXT];
	struct rules_placed placed;
	struct rules_plan plan;

	ck_assert_msg(!check_recorded(profile, &call, &plan), "%s: check refuses by %s", p->name,
		      nommu_rule_name(plan.rule));
	rules_place(profile, &plan, &p->found, &p->answers, &placed);
	ck_assert_msg(placed.action == p->action && placed.error == -p->error && placed.rule == p->rule,
		      "%s, %s: the engine says %s; said was %s, rule %s", p->name, report_profile(profile),
		      report_placed(got, &placed), report_errno(-p->error), nommu_rule_name(p->rule));
	if (p->action == RULES_COPY || p->action == RULES_DIRECT)
		ck_assert_msg(placed.dropped == p->dropped, "%s, %s: %s; direct was dropped by %s", p->name,
			      report_profile(profile), report_placed(got, &placed),
			      p->dropped ? nommu_rule_name(p->dropped) : "-");
}

START_TEST(place_linux6)
{
	assert_placing(NOMMU_PROFILE_LINUX6, &placings_linux6[_i]);
}
END_TEST

START_TEST(place_bdi)
{
	assert_placing(NOMMU_PROFILE_BDI, &placings_bdi[_i]);
}
END_TEST

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

SUITE(rules_recorded)
{
	Suite *suite = suite_create("rules_recorded");
	TCase *check = tcase_create("check");
	TCase *place = tcase_create("place");

	tcase_add_loop_test(check, check_linux6, 0, COUNT(linux6));
	tcase_add_loop_test(check, check_bdi, 0, COUNT(bdi));
	tcase_add_loop_test(place, place_linux6, 0, COUNT(placings_linux6));
	tcase_add_loop_test(place, place_bdi, 0, COUNT(placings_bdi));
	suite_add_tcase(suite, check);
	suite_add_tcase(suite, place);
	return suite;
}
