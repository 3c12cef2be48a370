/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nommu.h - an emulated machine without an MMU: its board, files, processes and mappings.
 *
 * The engine holds all state of a board in one shared segment and runs where the caller is: in the daemon, which
 * owns names and files, and in every attached process, which maps and unmaps. Nothing here sends a message.
 *
 * Conventions
 *  - Functions return 0 (or a count) or a negative errno; nothing here touches errno.
 *  - Addresses are board addresses: every window lies at the same address in every attached process.
 *  - Lengths are bytes; where the engine rounds to pages (NOMMU_PAGE_SIZE) it says so.
 *  - Every call takes the board's lock by itself and may be made from any thread. A handle belongs to one process.
 *  - An operation happens wholly or not at all, also when its process is killed in the middle.
 *  - Any call may also return -EAGAIN (the lock's owner is traced, or the handle is non-blocking and the lock is
 *    held) or -EIO (the board was stopped because its tables were damaged); these are not listed again below.
 *
 * Sources of rules: "patch" is the 2005 "Improve nommu mmap support" patch, "doc" the kernel's no-MMU mapping
 * document, "kernel" what Linux 5.10 to 6.12 answered on a machine without an MMU.
 */
#ifndef NOMMU_H
#define NOMMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NOMMU_PAGE_SHIFT 12
#define NOMMU_PAGE_SIZE (1UL << NOMMU_PAGE_SHIFT)

struct nommu_board;
struct nommu_os;

/* One line for a person: what failed, where, and what was expected. Empty where there is nothing to add. */
struct nommu_why {
	char text[256];
};

/* ---- capabilities ---------------------------------------------------------------------------------------------- */

/* What a file's backing device permits (patch: backing_dev_info.capabilities; the bit values are the kernel's). */
#define BDI_CAP_MAP_COPY   0x04u /* can be copied into memory */
#define BDI_CAP_MAP_DIRECT 0x08u /* can be mapped where it lies */
#define BDI_CAP_READ_MAP   0x10u /* mapped in place, can be read */
#define BDI_CAP_WRITE_MAP  0x20u /* mapped in place, can be written */
#define BDI_CAP_EXEC_MAP   0x40u /* mapped in place, can be executed */
#define BDI_CAP_ALL        0x7cu

#define NOMMU_CAPS_TEXT 40 /* bytes that the longest list of names needs, with its NUL */

/* Read a list of names ("copy,direct,read,write,exec", any order, blanks allowed, '+' as good as ',', "none") or a
 * number ("0x1c", "28"); @len bytes of @text, which needs no NUL. Errors: EINVAL an unknown name, an unknown
 * bit, an empty text. */
int nommu_caps_parse(const char *text, size_t len, uint32_t *caps);

/* Write @caps as names into @text, "none" for 0. Returns the length without the NUL. */
int nommu_caps_format(uint32_t caps, char text[static NOMMU_CAPS_TEXT]);

/* What a file of this kind (enum nommu_kind) has if nothing is said of it (patch); 0: the kind has no default. */
uint32_t nommu_caps_default(uint32_t kind);

/* ---- board ----------------------------------------------------------------------------------------------------- */

/* Whose rules a board follows. */
enum nommu_profile {
	NOMMU_PROFILE_BDI = 0,    /* the patch where it speaks, then the doc */
	NOMMU_PROFILE_LINUX6 = 1, /* today's mm/nommu.c */
};

#define NOMMU_BASE_DEFAULT      0x60000000UL
#define NOMMU_RAM_DEFAULT       (64UL << 20)
#define NOMMU_MAX_ORDER_DEFAULT 10
#define NOMMU_WINDOWS_MAX       16
#define NOMMU_SHM_MAX           4096u /* the kernel's SHMMNI */

struct nommu_config {
	uint64_t ram;       /* bytes, a multiple of the page size */
	uint64_t base;      /* address of the RAM window, a multiple of the largest block */
	uint32_t profile;   /* enum nommu_profile */
	uint32_t max_order; /* the largest block is 2^max_order pages; 0 to 18 */
	uint32_t trim;      /* vm.nr_trim_pages: 0 keeps whole blocks, n gives back an excess of at least n pages */
	uint32_t deny_anonymous; /* as nommu_file_attr.deny, for anonymous mappings */
	uint32_t vmas;      /* how many mappings, and as many regions, the tables hold; 0: chosen by RAM */
	uint32_t files;     /* how many files; 0: chosen by RAM */
	uint32_t mms;       /* how many processes; 0: 4096 */
	uint32_t shms;      /* how many System V segments; 0: NOMMU_SHM_MAX, which is the most */
	bool reserve_later; /* RAM is reserved by nommu_board_reserve; until then it is had as it is touched */
};

/* Fill in every default. */
void nommu_config_init(struct nommu_config *config);

/* 0, or -EINVAL with the first mistake in @why. */
int nommu_config_check(const struct nommu_config *config, struct nommu_why *why);

enum nommu_window_kind {
	NOMMU_WINDOW_RAM = 1,
	NOMMU_WINDOW_ROM,    /* read and exec; sealed against writing */
	NOMMU_WINDOW_DEVICE, /* read, write, exec */
};

struct nommu_window {
	uint64_t addr;
	uint64_t size; /* bytes, whole pages */
	uint32_t kind; /* enum nommu_window_kind */
	uint32_t reserved;
};

/* Make a board: segment and RAM are memfds, reserved, sealed and mapped here. RAM is the first window.
 * @os may be NULL (the host's system calls); it must outlive the handle.
 * Errors: EINVAL (see nommu_config_check), EEXIST something is mapped at the window's address in this process,
 * ENOMEM, EMFILE. The caller owns *@board and ends it with nommu_board_close. */
int nommu_board_create(const struct nommu_config *config, const struct nommu_os *os, struct nommu_board **board,
		       struct nommu_why *why);

/* Reserve @size bytes of RAM from @offset on, so that no process ends for want of them later. Only on the handle that
 * created the board with reserve_later; needs no lock and may run beside other calls. Errors: EINVAL outside of RAM,
 * ENOMEM, EINTR. */
int nommu_board_reserve(struct nommu_board *board, uint64_t offset, uint64_t size);

/* Add the memfd @fd of @size bytes (rounded up to pages, the file must be that long) as the next window and map it;
 * its address follows the last window's end, at a multiple of 64 KiB. To be called before anyone attaches. The
 * board takes @fd over on success only. Errors: EEXIST address taken, ENOSPC no more windows, EINVAL. */
int nommu_board_add_window(struct nommu_board *board, enum nommu_window_kind kind, int fd, uint64_t size,
			   struct nommu_window *window, struct nommu_why *why);

/* Where a window of @size bytes would lie behind the one that ends at @end (of RAM alone: base + ram). Pure: a board can
 * be planned with it. Errors: EINVAL with @why, it would lie across what no window may. */
int nommu_window_place(uint64_t end, uint64_t size, uint64_t *addr, struct nommu_why *why);

/* The descriptors that another process needs: fds[0] the segment, then one a window. Returns how many. The board
 * keeps them; a receiver gets duplicates by SCM_RIGHTS. Only on the handle that created the board. */
int nommu_board_fds(const struct nommu_board *board, int fds[static NOMMU_WINDOWS_MAX + 1]);

/* Map a board that another process created, from the descriptors of nommu_board_fds, in that order. The descriptors
 * stay the caller's and may be closed afterwards.
 * @inherited: the windows are mapped already, by the parent that this process was forked from.
 * Errors: EPROTO not a board or of another layout, EEXIST address taken (@why names what is there), ENOMEM. */
int nommu_board_attach(const int *fds, unsigned int count, const struct nommu_os *os, bool inherited,
		       struct nommu_board **board, struct nommu_why *why);

/* Unmap everything and free the handle. Mappings made through it stay on the board until their mm exits. */
void nommu_board_close(struct nommu_board *board);

/* Whether calls on this handle wait for the lock (default) or return -EAGAIN after a short try. */
void nommu_board_set_nonblocking(struct nommu_board *board, bool nonblocking);

/* Wait until the lock could be had, at most @ms milliseconds, whatever the handle's mode. 0 or -EAGAIN. */
int nommu_board_wait(struct nommu_board *board, unsigned int ms);

/* The i-th window; false beyond the last. */
bool nommu_board_window(const struct nommu_board *board, unsigned int i, struct nommu_window *window);

/* Whether @addr lies in one of the board's windows. Takes no lock. */
bool nommu_board_has(const struct nommu_board *board, uint64_t addr);

enum nommu_profile nommu_board_profile(const struct nommu_board *board);

/* vm.nr_trim_pages (doc). Set: EINVAL for a negative number. */
uint32_t nommu_board_trim(const struct nommu_board *board);
int nommu_board_set_trim(struct nommu_board *board, int64_t pages);

/* ---- files ----------------------------------------------------------------------------------------------------- */

/* What identifies a file: on the board dev is 0 and ino the mount's inode number, never used twice; on the host
 * st_dev, st_ino and the birth time in nanoseconds (so that an inode number used again is another file). */
struct nommu_id {
	uint64_t dev;
	uint64_t ino;
	uint64_t birth;
};

enum nommu_kind {
	NOMMU_KIND_REGULAR = 1,
	NOMMU_KIND_BLOCK,
	NOMMU_KIND_CHAR,
	NOMMU_KIND_SHM,    /* POSIX or System V shared memory: as regular */
	NOMMU_KIND_SOCKET,
	NOMMU_KIND_OTHER,  /* directory, pipe, fifo, eventfd, …: no map operation */
};

/* A driver's answer, for address_op and map_op: 0 yes, NOMMU_OP_NONE it has no such operation, else -errno
 * (-ENOSYS: it has one that does not want to handle this; doc). */
#define NOMMU_OP_NONE 1

#define NOMMU_FILE_CAPS_SET 0x01u /* caps holds; else the default-caps rule of the kind takes effect */
#define NOMMU_FILE_NO_READ  0x02u /* the driver has no read operation */
#define NOMMU_FILE_APPEND   0x04u /* the inode is append-only */
#define NOMMU_FILE_NOEXEC   0x08u /* on a mount with noexec */
#define NOMMU_FILE_MANDLOCK 0x10u /* mandatory locking: mount with mand, setgid without group execute */

#define NOMMU_DENY 0x100u /* see nommu_file_attr.deny */

#define NOMMU_NAME_MAX 63

/* What the rules ask of a file. */
struct nommu_file_attr {
	uint32_t kind;      /* enum nommu_kind */
	uint32_t flags;     /* NOMMU_FILE_… */
	uint32_t caps;      /* BDI_CAP_… */
	int32_t address_op; /* get_unmapped_area */
	int32_t map_op;     /* mmap */
	uint32_t deny;      /* 0, or NOMMU_DENY with PROT_ bits: a mapping that asks all of these is refused, EPERM */
	uint32_t lockers;   /* how many processes hold a POSIX record lock, 2 meaning more than one */
	uint32_t locker;    /* the process that holds one, if one does */
};

/* The attributes that a file in board RAM has unless told otherwise: regular, all five capabilities, both
 * operations ok. */
void nommu_file_attr_ram(struct nommu_file_attr *attr);

/* The same for a file in a ROM window: copy, direct, read, exec. */
void nommu_file_attr_rom(struct nommu_file_attr *attr);

/* The same for a file whose bytes are compressed: copy. */
void nommu_file_attr_packed(struct nommu_file_attr *attr);

struct nommu_file_stat {
	struct nommu_id id;
	struct nommu_file_attr attr;
	uint64_t size;     /* bytes */
	uint64_t pages;    /* pages of RAM that are the file's; 0 for windows and host files */
	uint64_t addr;     /* where its bytes lie, if they lie in one run; else 0 */
	uint64_t largest;  /* pages in its longest contiguous run from the start */
	uint32_t mappings; /* live mappings */
	uint32_t closes;   /* how often that number fell to 0 (doc: vm_ops->close) */
};

/* Make a file in board RAM, empty. The name is the caller's: *@file stays valid until nommu_file_put.
 * Errors: EEXIST that id is known, ENOSPC the table is full, EINVAL an operation's answer is none. */
int nommu_file_create(struct nommu_board *board, const struct nommu_id *id, const struct nommu_file_attr *attr,
		      uint32_t *file);

/* Make a file whose @size bytes lie at @offset of window @window (its index), in place, at any alignment.
 * Errors as above, EINVAL outside of the window. */
int nommu_file_create_in(struct nommu_board *board, const struct nommu_id *id, const struct nommu_file_attr *attr,
			 unsigned int window, uint64_t offset, uint64_t size, uint32_t *file);

/* Make a file of @size bytes that lie nowhere as they are (compressed ones): its address operation answers ENOSYS, and
 * a mapping is a copy, which nommu_request.read fills. Errors as above. */
int nommu_file_create_read(struct nommu_board *board, const struct nommu_id *id, const struct nommu_file_attr *attr,
			   uint64_t size, uint32_t *file);

/* The name is gone (unlinked and closed). The file and its pages go now, or with its last mapping. */
int nommu_file_put(struct nommu_board *board, uint32_t file);

/* -ENOENT: not known. */
int nommu_file_find(struct nommu_board *board, const struct nommu_id *id, uint32_t *file);

int nommu_file_stat(struct nommu_board *board, uint32_t file, struct nommu_file_stat *stat);
int nommu_file_set_attr(struct nommu_board *board, uint32_t file, const struct nommu_file_attr *attr);

/*
 * The four below change or read the bytes of a file in board RAM. They are the daemon's, which is the only one to
 * change a file's size and pages, and calls them for one file one at a time; so reading, and writing to pages that
 * are present, takes no lock. An operation that -EAGAIN stopped is taken up again by the same call.
 */

/* Set the size. From 0: one contiguous run, trimmed, zeroed (doc: "gather enough pages to honour a mapping"). From
 * n > 0: larger leaves a hole; smaller gives pages back, except those under a private direct mapping, which are the
 * file's no more but live until their last munmap. Zeroes what is cut of the last page.
 * Errors: EFBIG larger than the largest block (from 0) or than 2^63-1, ENOMEM no such run, size unchanged; ETXTBSY a
 * MAP_SHARED mapping holds a page behind the new end (kernel); EINVAL the file's bytes are not in board RAM. */
int nommu_file_truncate(struct nommu_board *board, uint32_t file, uint64_t size);

/* Write @len bytes at @offset, taking single pages where there are none and growing the size. Returns how many
 * bytes were written. Errors: ENOSPC no page was left for the first of them, EFBIG. */
ssize_t nommu_file_write(struct nommu_board *board, uint32_t file, const void *buf, size_t len, uint64_t offset);

/* Give zeroed pages to the holes in this range, inside of the size; running out of memory is no error. */
int nommu_file_fill(struct nommu_board *board, uint32_t file, uint64_t offset, uint64_t len);

/* Where, from @offset on, the next data (@data) or the next hole begins, by pages; the end of file counts as a hole,
 * and what is not in board RAM has no other. Errors: ENXIO @offset is at or behind the end of file, or there is no
 * data behind it. */
int64_t nommu_file_seek(struct nommu_board *board, uint32_t file, uint64_t offset, bool data);

/* Point @iov, @max entries, at the bytes of this range inside of the size, holes at a page of zeroes; files in RAM
 * and in windows. *@bytes becomes how many they are, which is fewer than asked at the end of file or when @iov is
 * full. Returns how many entries are used. They stay good until the file is truncated or put. */
int nommu_file_iov(struct nommu_board *board, uint32_t file, uint64_t offset, size_t len, struct iovec *iov, int max,
		   size_t *bytes);

/* ---- processes ------------------------------------------------------------------------------------------------- */

/* A process's set of mappings. The generation tells a slot's users apart. */
struct nommu_mm {
	uint32_t slot;
	uint32_t generation;
};

/* Errors: EMFILE all slots are in use. @comm is cut to 15 bytes; @pid is for people to read. */
int nommu_mm_create(struct nommu_board *board, pid_t pid, const char *comm, struct nommu_mm *mm);

/* Drop every mapping and the slot, as exit does in a kernel. -ESRCH: no such mm (any more). */
int nommu_mm_exit(struct nommu_board *board, const struct nommu_mm *mm);

/* Make @to's mappings those of @from, as a child of fork finds them: the same regions at the same addresses, which live
 * until the last of their mappings goes. What @to had is dropped. No seed and no kernel has this: memory without
 * protection is shared. Errors: ESRCH no such mm, ENOMEM the table of mappings is full: @to then has a part. */
int nommu_mm_copy(struct nommu_board *board, const struct nommu_mm *from, const struct nommu_mm *to);

/* Whether one mapping of the mm holds all of [@addr, @addr + @len), of memory that is no device's: 0, -EFAULT if none
 * does (doc: a futex outside of the process's mappings), -ESRCH. Looks at each mapping. */
int nommu_mm_holds(struct nommu_board *board, const struct nommu_mm *mm, uint64_t addr, uint64_t len);

/* ---- mappings -------------------------------------------------------------------------------------------------- */

/* Every reason that a verdict can have. The names (nommu_rule_name) are the ids of the rules, with dashes. */
#define NOMMU_RULES(X) \
	/* check, in the order of `bdi` */ \
	X(OFFSET_ALIGN, "offset-align") X(BAD_DESCRIPTOR, "bad-descriptor") X(FIXED, "fixed") X(HINT, "hint") \
	X(TYPE, "type") X(LENGTH_ZERO, "length-zero") X(LENGTH_RANGE, "length-range") X(OFFSET_WRAP, "offset-wrap") \
	X(NO_MMAP, "no-mmap") X(DEFAULT_CAPS, "default-caps") X(STRIP, "strip") X(UNREADABLE, "unreadable") \
	X(SHARED_WRITE, "shared-write") X(APPEND, "append") X(LOCKED, "locked") \
	X(SHARED_NOT_DIRECT, "shared-not-direct") X(SHARED_PROTECTION, "shared-protection") \
	X(SHARED_NO_COPY, "shared-no-copy") X(PRIVATE_NO_COPY, "private-no-copy") X(PRIVATE_WRITE, "private-write") \
	X(PRIVATE_PROTECTION, "private-protection") X(NOEXEC, "noexec") X(EXEC_COPY, "exec-copy") \
	X(READ_IMPLIES_EXEC, "read-implies-exec") X(SECURITY, "security") X(TRACED, "traced") \
	/* place */ \
	X(REUSE, "reuse") X(SHARE_OVERLAP, "share-overlap") X(ADDRESS_REFUSED, "address-refused") \
	X(MAP_REFUSED, "map-refused") X(NO_MEMORY, "no-memory") X(READ_FAILED, "read-failed") \
	/* what a success was */ \
	X(ANONYMOUS, "anonymous") X(DIRECT, "direct") X(COPY, "copy") \
	/* munmap and mremap */ \
	X(NOT_MAPPED, "not-mapped") X(PARTIAL, "partial") X(UNMAPPED, "unmapped") X(UNALIGNED, "unaligned") \
	X(MREMAP_FIXED, "mremap-fixed") X(MREMAP_SHAREABLE, "mremap-shareable") X(MREMAP_LIMIT, "mremap-limit") \
	X(MREMAPPED, "mremapped") \
	/* System V shared memory */ \
	X(SHM_NO_KEY, "shm-no-key") X(SHM_EXISTS, "shm-exists") X(SHM_SIZE, "shm-size") X(SHM_LARGE, "shm-large") \
	X(SHM_FULL, "shm-full") X(SHM_NO_ID, "shm-no-id") X(SHM_ACCESS, "shm-access") X(SHM_OWNER, "shm-owner") \
	X(SHM_ADDRESS, "shm-address") X(SHM_NOT_ATTACHED, "shm-not-attached") X(SHM_COMMAND, "shm-command") \
	X(SHM_CREATED, "shm-created") X(SHM_FOUND, "shm-found") X(SHM_DETACHED, "shm-detached") \
	X(SHM_TOLD, "shm-told") X(SHM_CHANGED, "shm-changed") X(SHM_MARKED, "shm-marked") \
	X(SHM_REMOVED, "shm-removed") \
	/* the machine itself */ \
	X(TABLE_FULL, "table-full") X(BOARD_BUSY, "board-busy") X(BOARD_STOPPED, "board-stopped") \
	X(NO_SUCH_MM, "no-such-mm") X(NOT_IMPLEMENTED, "not-implemented") X(NOT_EMULATED, "not-emulated") \
	/* processes, brk, futex, open */ \
	X(NO_FORK, "no-fork") X(NO_ATTACH, "no-attach") \
	X(BRK_LIMIT, "brk-limit") X(FUTEX_UNMAPPED, "futex-unmapped") X(NO_DEVICE, "no-device")

enum nommu_rule {
	NOMMU_RULE_NONE = 0,
#define NOMMU_RULE_ENUM(id, name) NOMMU_RULE_##id,
	NOMMU_RULES(NOMMU_RULE_ENUM)
#undef NOMMU_RULE_ENUM
	NOMMU_RULE_COUNT
};

const char *nommu_rule_name(enum nommu_rule rule);

#define NOMMU_FD_OPEN  0x1u /* the descriptor is open */
#define NOMMU_FD_PATH  0x2u /* by O_PATH */
#define NOMMU_FD_READ  0x4u /* for reading */
#define NOMMU_FD_WRITE 0x8u /* for writing */

#define NOMMU_TASK_TRACED            0x1u /* the caller is being traced */
#define NOMMU_TASK_READ_IMPLIES_EXEC 0x2u /* the caller's personality */

/* Read up to @len bytes at @offset of a file into @buf; called without the lock. Returns bytes, 0 at the end of file,
 * or -errno. */
typedef ssize_t nommu_read_fn(void *arg, void *buf, size_t len, uint64_t offset);

/* A call of mmap. Of a file on the board id counts, and read if its bytes have no address (nommu_file_create_read); of
 * a host file id, host (its attributes), name, read. */
struct nommu_request {
	uint64_t addr;
	uint64_t length;
	int prot;  /* PROT_… */
	int flags; /* MAP_… */
	int64_t offset;
	uint32_t fd;   /* NOMMU_FD_…; not asked with MAP_ANONYMOUS */
	uint32_t task; /* NOMMU_TASK_… */
	struct nommu_id id;
	const struct nommu_file_attr *host; /* NULL: a file on the board */
	const char *name;                   /* for people; may be NULL */
	nommu_read_fn *read;
	void *read_arg;
};

enum nommu_how {
	NOMMU_HOW_NONE = 0,
	NOMMU_HOW_ANONYMOUS, /* fresh zeroed pages */
	NOMMU_HOW_DIRECT,    /* on the backing store itself */
	NOMMU_HOW_COPY,      /* an own copy, or a copy that others may join */
};

/* The engine's answer. */
struct nommu_verdict {
	int error;      /* 0 or -errno, as the call returned */
	uint32_t how;   /* enum nommu_how */
	uint32_t rule;  /* enum nommu_rule: what decided */
	uint32_t why;   /* enum nommu_rule: what ruled a direct mapping out, where it is a copy; else 0 */
	bool joined;    /* an existing region was joined */
	uint64_t addr;
	uint64_t asked; /* bytes */
	uint64_t pages; /* pages taken for it; 0 if none had to be */
	/* no-memory: orders of blocks (2^order pages), and who holds most */
	uint32_t order_asked;
	uint32_t order_max;
	int32_t order_largest; /* of the largest free block; -1 if nothing is free */
	uint32_t free_pages;
	uint32_t holder_pages;
	int32_t holder_pid; /* 0: the files. board-busy: the task that has the lock */
	char holder[16];
};

/* Map. Returns 0 with the address in @verdict, or what its rule says. Ownership of the mapping is @mm's.
 * The rules, their order and their sources stand in RULES (README: "The rules"); -ESRCH: no such mm. */
int nommu_mmap(struct nommu_board *board, const struct nommu_mm *mm, const struct nommu_request *request,
	       struct nommu_verdict *verdict);

/* Unmap. The length rounds up to pages. `bdi` (patch): the whole of a mapping, by its exact start and end. `linux6`:
 * of anonymous memory any part of one mapping; of a file the whole only. Else EINVAL. The memory stays accessible.
 * Errors: EINVAL also for a length that rounds to 0, ESRCH no such mm, ENOMEM (`linux6`) a hole needs a mapping more than
 * the tables hold. */
int nommu_munmap(struct nommu_board *board, const struct nommu_mm *mm, uint64_t addr, uint64_t length,
		 struct nommu_verdict *verdict);

/* Change a mapping's size in place (doc: "NO-MMU MREMAP"); never moves. @flags MREMAP_…, @fixed the address given
 * with MREMAP_FIXED. Errors: EINVAL no mapping with exactly this start and size, a length that rounds to 0, another
 * address; EPERM shareable; ESRCH no such mm; ENOMEM longer than its block (`bdi`, doc) or its region (`linux6`, kernel). */
int nommu_mremap(struct nommu_board *board, const struct nommu_mm *mm, uint64_t addr, uint64_t old_length,
		 uint64_t new_length, int flags, uint64_t fixed, struct nommu_verdict *verdict);

/* Say a verdict in words: what happened, why, and what would help, in one line without a newline.
 * Returns the length, as snprintf does. */
int nommu_reason(const struct nommu_verdict *verdict, char *text, size_t size);

/* ---- looking at a board ---------------------------------------------------------------------------------------- */

/* A region with the flags of its first user, or one mapping. */
struct nommu_map {
	uint64_t start;
	uint64_t end;
	uint64_t offset; /* bytes into the file */
	int prot;
	char share;      /* 'S' shared, 's' shareable private, 'p' private */
	uint32_t how;    /* enum nommu_how */
	uint32_t users;  /* mappings of the region */
	uint64_t asked;  /* bytes */
	uint64_t taken;  /* pages, with the slack; 0 for direct */
	struct nommu_id id; /* all 0 for anonymous memory */
	bool deleted;    /* the file's name is gone */
	int32_t pid;     /* first user, or the process */
	char name[NOMMU_NAME_MAX + 1]; /* of a host file, its tail; else "" */
};

/* Every region of the board (@mm NULL), or every mapping of one process, by address. *@maps is malloc'ed and becomes
 * the caller's. -ESRCH: no such mm. */
int nommu_maps(struct nommu_board *board, const struct nommu_mm *mm, struct nommu_map **maps, size_t *count);

struct nommu_mm_info {
	struct nommu_mm mm;
	int32_t pid;
	uint32_t vmas;
	uint64_t pages; /* taken by its anonymous and copied mappings, shared copies counted in full */
	char comm[16];
};

/* Every mm, by slot; *@infos is malloc'ed and becomes the caller's. */
int nommu_mms(struct nommu_board *board, struct nommu_mm_info **infos, size_t *count);

#define NOMMU_ORDERS 19

struct nommu_stats {
	uint64_t pages;          /* RAM */
	uint64_t free_pages;
	uint64_t anon_pages;     /* taken by anonymous and copied mappings, slack included */
	uint64_t slack_pages;    /* of these, behind what was asked */
	uint64_t file_pages;
	uint64_t orphan_pages;   /* cut from files, alive under a private direct mapping */
	uint64_t pending_pages;  /* being copied or cleared */
	uint32_t free_blocks[NOMMU_ORDERS];
	uint32_t max_order;
	uint32_t files, files_max;
	uint32_t regions, vmas, vmas_max, mms, shms;
	uint64_t recoveries;     /* how often a dead owner's operation was rolled back */
};

int nommu_stats(struct nommu_board *board, struct nommu_stats *stats);

/* Check every invariant of the segment. 0, or -EIO with the first one that does not hold in @why; the board is
 * not stopped by it. Walks everything: for tests, fuzzing and recovery. */
int nommu_verify(struct nommu_board *board, struct nommu_why *why);

#ifdef __cplusplus
}
#endif
#endif
