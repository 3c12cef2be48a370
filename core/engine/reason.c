/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reason - verdicts in words: what happened, why, and what would help.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "nommu.h"

static const char *const names[NOMMU_RULE_COUNT] = {
	[NOMMU_RULE_NONE] = "none",
#define NOMMU_RULE_TEXT(id, name) [NOMMU_RULE_##id] = name,
	NOMMU_RULES(NOMMU_RULE_TEXT)
#undef NOMMU_RULE_TEXT
};

/* Why, and what would help. Of the rules whose words need figures only the second half stands here. */
static const struct {
	const char *why;
	const char *help;
} words[NOMMU_RULE_COUNT] = {
	[NOMMU_RULE_NONE] = { "nothing was decided", "this should not be seen" },
	[NOMMU_RULE_OFFSET_ALIGN] = { "the file offset is not a multiple of the page size, 4096",
				      "round the offset down and skip the difference in the mapping" },
	[NOMMU_RULE_BAD_DESCRIPTOR] = { "the descriptor is closed, or was opened with O_PATH",
					"open the file, or use MAP_ANONYMOUS" },
	[NOMMU_RULE_FIXED] = { "MAP_FIXED asks for an address, and without an MMU memory cannot be moved there",
			       "drop MAP_FIXED and use the address that mmap returns" },
	[NOMMU_RULE_HINT] = { "an address was given, and without an MMU it cannot be honoured",
			      "pass NULL and use the address that mmap returns" },
	[NOMMU_RULE_TYPE] = { "the flags say neither exactly MAP_PRIVATE nor exactly MAP_SHARED",
			      "give one of the two; MAP_SHARED_VALIDATE is not known here" },
	[NOMMU_RULE_LENGTH_ZERO] = { "the length is 0, or rounds up to 0", "ask for at least one byte" },
	[NOMMU_RULE_LENGTH_RANGE] = { "the length exceeds the address space", "ask for less" },
	[NOMMU_RULE_OFFSET_WRAP] = { "offset and length together wrap around", "check the offset's sign" },
	[NOMMU_RULE_NO_MMAP] = { "what the descriptor refers to cannot be mapped at all",
				 "read it instead; directories, pipes, terminals and the like have no mmap" },
	[NOMMU_RULE_DEFAULT_CAPS] = { "this kind of file has no mapping capabilities, not even by default",
				      "set user.bdi.capabilities, or read it instead" },
	[NOMMU_RULE_STRIP] = { "the driver cannot say where its memory lies (no get_unmapped_area)",
			       "use a file of the board's RAM or ROM file system for a mapping in place" },
	[NOMMU_RULE_UNREADABLE] = { "the descriptor is not open for reading", "open the file O_RDONLY or O_RDWR" },
	[NOMMU_RULE_SHARED_WRITE] = { "MAP_SHARED with PROT_WRITE on a descriptor that is not open for writing",
				      "open the file O_RDWR" },
	[NOMMU_RULE_APPEND] = { "the file is append-only and the descriptor open for writing",
				"open it O_RDONLY, or map it MAP_PRIVATE" },
	[NOMMU_RULE_LOCKED] = { "another process holds a mandatory lock on the file",
				"wait for the lock, or map it MAP_PRIVATE" },
	[NOMMU_RULE_SHARED_NOT_DIRECT] = { "MAP_SHARED needs the file's own memory, and this file cannot be mapped in "
					   "place (no direct capability)",
					   "use a file on the board's RAM file system, or MAP_PRIVATE for a copy" },
	[NOMMU_RULE_SHARED_PROTECTION] = { "MAP_SHARED asks a protection that the file's capabilities lack",
					   "ask less, or add read, write or exec to user.bdi.capabilities" },
	[NOMMU_RULE_SHARED_NO_COPY] = { "a shared mapping must not become a copy", "use MAP_PRIVATE" },
	[NOMMU_RULE_PRIVATE_NO_COPY] = { "MAP_PRIVATE may need a copy, and this file cannot be copied (no copy "
					 "capability, or nothing to read it by)",
					 "use MAP_SHARED, or add copy to user.bdi.capabilities" },
	[NOMMU_RULE_PRIVATE_WRITE] = { "MAP_PRIVATE with PROT_WRITE is always an own copy",
				       "drop PROT_WRITE to map in place, or use MAP_SHARED" },
	[NOMMU_RULE_PRIVATE_PROTECTION] = { "the file's memory does not permit this protection in place",
					    "ask less, or add it to user.bdi.capabilities" },
	[NOMMU_RULE_NOEXEC] = { "PROT_EXEC on a file system that is mounted noexec",
				"mount without noexec, or drop PROT_EXEC" },
	[NOMMU_RULE_EXEC_COPY] = { "the file's memory cannot be executed in place",
				   "add exec to user.bdi.capabilities for execution in place" },
	[NOMMU_RULE_READ_IMPLIES_EXEC] = { "the personality READ_IMPLIES_EXEC added PROT_EXEC",
					   "clear it with setarch or personality(2)" },
	[NOMMU_RULE_SECURITY] = { "the board's policy denies this protection here", "change the board's policy" },
	[NOMMU_RULE_TRACED] = { "the process is traced, so its private mappings are its own copies",
				"run it without a debugger to map in place" },
	[NOMMU_RULE_REUSE] = { "an existing mapping of the same bytes of the file was joined",
			       "it is the same memory in every process that has it" },
	[NOMMU_RULE_SHARE_OVERLAP] = { "a copy that others share overlaps the request without being the same range",
				       "map exactly the same offset and length as the others, or add PROT_WRITE for an "
				       "own copy" },
	[NOMMU_RULE_ADDRESS_REFUSED] = { "the driver gave no address: the range is beyond the end of the file, or not "
					 "contiguous in memory",
					 "stay inside of the file; on the RAM file system get one contiguous run by "
					 "ftruncate of the empty file to its full size before writing" },
	[NOMMU_RULE_MAP_REFUSED] = { "the driver's mmap operation refused", "see user.bdi.mmap of the file" },
	[NOMMU_RULE_NO_MEMORY] = { NULL, "free memory in large pieces, ask for less at once, or allocate early, before "
					 "memory is in pieces" },
	[NOMMU_RULE_READ_FAILED] = { "reading the file into the copy failed", "check that the file can be read" },
	[NOMMU_RULE_ANONYMOUS] = { "anonymous memory is a contiguous run of pages of its own", "" },
	[NOMMU_RULE_DIRECT] = { "it lies on the file's own memory; nothing was copied", "" },
	[NOMMU_RULE_COPY] = { NULL, "" },
	[NOMMU_RULE_NOT_MAPPED] = { "nothing is mapped there by this process",
				    "pass the address that mmap returned, once for each mapping" },
	[NOMMU_RULE_PARTIAL] = { "this is a part of a mapping, or reaches beyond it",
				 "pass exactly the address and length that were mapped" },
	[NOMMU_RULE_UNMAPPED] = { "the mapping is gone; its memory stays accessible without an MMU", "" },
	[NOMMU_RULE_UNALIGNED] = { "the address is not a multiple of the page size",
				   "mappings in ROM that begin unaligned cannot be resized" },
	[NOMMU_RULE_MREMAP_FIXED] = { "MREMAP_FIXED asks for another address, and without an MMU memory cannot be "
				      "moved there",
				      "map anew, copy, and unmap the old" },
	[NOMMU_RULE_MREMAP_SHAREABLE] = { "the mapping is shared, or could be, so its size is not this process's to "
					  "change",
					  "unmap it and map the new size" },
	[NOMMU_RULE_MREMAP_LIMIT] = { NULL, "map anew, copy, and unmap the old" },
	[NOMMU_RULE_MREMAPPED] = { "the size changed in place", "" },
	[NOMMU_RULE_SHM_NO_KEY] = { "no System V segment has this key", "make it first, with IPC_CREAT" },
	[NOMMU_RULE_SHM_EXISTS] = { "a System V segment has this key already, and IPC_EXCL wants a new one",
				    "drop IPC_EXCL, or take another key" },
	[NOMMU_RULE_SHM_SIZE] = { "this cannot be the size of the segment: it is 0, out of all bounds, or more than the "
				  "segment has that is there; or SHM_HUGETLB was asked",
				  "ask for at least a byte, and of an old segment for no more than it has" },
	[NOMMU_RULE_SHM_LARGE] = { "a segment is one contiguous run, and this is more than the largest block",
				   "use several segments, or give the board a larger max-order" },
	[NOMMU_RULE_SHM_FULL] = { "the board's tables have no room for another System V segment",
				  "remove some with IPC_RMID" },
	[NOMMU_RULE_SHM_NO_ID] = { "no System V segment has this id, or has it any more",
				   "use what shmget returned; a removed segment goes with its last detach" },
	[NOMMU_RULE_SHM_ACCESS] = { "the mode of the segment forbids this access",
				    "attach with SHM_RDONLY, or let its owner change the mode with IPC_SET" },
	[NOMMU_RULE_SHM_OWNER] = { "only the owner of the segment, and who made it, may do this",
				   "do it as that user" },
	[NOMMU_RULE_SHM_ADDRESS] = { "an address was given to attach at, and without an MMU it cannot be honoured",
				     "pass NULL and use the address that shmat returns: it is the same in every process" },
	[NOMMU_RULE_SHM_NOT_ATTACHED] = { "no segment that this process attached begins there",
					  "pass the address that shmat returned, once for each attach" },
	[NOMMU_RULE_SHM_COMMAND] = { "shmctl does not know this command, or cannot use what it was given",
				     "see shmctl(2)" },
	[NOMMU_RULE_SHM_CREATED] = { "a new segment, one contiguous run of zeroed pages", "" },
	[NOMMU_RULE_SHM_FOUND] = { "the segment that has this key", "" },
	[NOMMU_RULE_SHM_DETACHED] = { "the attach is gone; the memory stays accessible without an MMU", "" },
	[NOMMU_RULE_SHM_TOLD] = { "this is what the board says of its segments", "" },
	[NOMMU_RULE_SHM_CHANGED] = { "done; locking has no effect, since nothing is ever swapped out", "" },
	[NOMMU_RULE_SHM_MARKED] = { "its key is free, and the segment goes with its last detach", "" },
	[NOMMU_RULE_SHM_REMOVED] = { "the segment is gone, and its memory is free", "" },
	[NOMMU_RULE_TABLE_FULL] = { "the board's tables have no room for another mapping", "unmap something" },
	[NOMMU_RULE_BOARD_BUSY] = { NULL, "let it go on" },
	[NOMMU_RULE_BOARD_STOPPED] = { "the board was stopped: its tables are damaged, as by a wild store",
				       "mount it again; look for stores outside of a program's own mappings" },
	[NOMMU_RULE_NO_SUCH_MM] = { "the board does not know this process any more", "attach anew" },
	[NOMMU_RULE_NOT_EMULATED] = { "made by number, the child would come back through its parent's stack frame",
				      "use vfork, clone or posix_spawn by their names in libc" },
	[NOMMU_RULE_NO_FORK] = { "without an MMU a child cannot have a copy of its parent's memory",
				 "use vfork or posix_spawn; nommu-run --fork=allow lets the host do it" },
	[NOMMU_RULE_NO_ATTACH] = { "the child cannot attach to the board: it has no descriptor free, or another user, root "
				   "directory or PID namespace than who started it",
				   "leave it a few descriptors, or make the child before the change" },
	[NOMMU_RULE_BRK_LIMIT] = { "the break moves inside of the last page of the program's data, where the program was "
				   "loaded to",
				   "ask for memory by mmap, or malloc" },
	[NOMMU_RULE_FUTEX_UNMAPPED] = { "the word lies in none of the process's mappings, or in a device's memory",
					"keep the word in memory that this process has mapped" },
	[NOMMU_RULE_NO_DEVICE] = { "this node of an image names a device that the board does not have",
				   "use a file; with user.bdi.kind set to regular the node is an empty one" },
	[NOMMU_RULE_NOT_IMPLEMENTED] = { "a kernel without an MMU does not have this call",
					 "programs for such machines do without it" },
};

const char *nommu_rule_name(enum nommu_rule rule)
{
	return (unsigned int)rule < NOMMU_RULE_COUNT ? names[rule] : "unknown";
}

struct line {
	char *text;
	size_t size;
	int len;
};

static void say(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct line *line, const char *format, ...)
{
	bool room = (size_t)line->len < line->size;
	va_list args;

	va_start(args, format);
	line->len += vsnprintf(room ? line->text + line->len : NULL, room ? line->size - (size_t)line->len : 0, format,
			       args);
	va_end(args);
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* A process may call itself anything. */
static void clean_name(const struct nommu_verdict *v, char name[static sizeof(v->holder)])
{
	memcpy(name, v->holder, sizeof(v->holder));
	name[sizeof(v->holder) - 1] = 0;
	for (char *c = name; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
}

static void say_memory(struct line *line, const struct nommu_verdict *v)
{
	char name[sizeof(v->holder)];

	if (v->order_asked > v->order_max) {
		say(line, "%llu pages are more than the largest block, %lu pages (max-order %u)",
		    (unsigned long long)v->pages, 1UL << v->order_max, v->order_max);
		return;
	}
	say(line, "no contiguous run of %lu page%s (order %u): ", 1UL << v->order_asked, plural(1UL << v->order_asked),
	    v->order_asked);
	if (v->order_largest < 0)
		say(line, "nothing is free");
	else
		say(line, "of %u free pages the largest run has %lu (order %d)", v->free_pages,
		    1UL << v->order_largest, v->order_largest);
	clean_name(v, name);
	if (v->holder_pages && v->holder_pid)
		say(line, "; most is held by %s (pid %d): %u pages", name, v->holder_pid, v->holder_pages);
	else if (v->holder_pages)
		say(line, "; most is held by files: %u pages", v->holder_pages);
}

/* Other errors than that of an operation that does not want to are the driver's own. */
static bool driver_says_no(const struct nommu_verdict *v)
{
	return v->rule == NOMMU_RULE_ADDRESS_REFUSED && v->error != -ENODEV;
}

static void say_copy(struct line *line, const struct nommu_verdict *v)
{
	say(line, "copied into %llu page%s of RAM", (unsigned long long)v->pages, plural(v->pages));
	if (v->why == NOMMU_RULE_DEFAULT_CAPS) {
		say(line, ", because the file's capabilities do not include direct");
	} else if (v->why && v->why < NOMMU_RULE_COUNT && words[v->why].why) {
		say(line, ", because %s", words[v->why].why);
		if (words[v->why].help[0])
			say(line, " (%s)", words[v->why].help);
	}
}

int nommu_reason(const struct nommu_verdict *v, char *text, size_t size)
{
	struct line line = { text, size, 0 };
	unsigned int rule = v->rule < NOMMU_RULE_COUNT ? v->rule : NOMMU_RULE_NONE;
	const char *name;

	if (v->error) {
		name = strerrorname_np(-v->error);
		say(&line, "%s, %s: ", name ? name : "error", names[rule]);
	} else {
		say(&line, "%s: ", names[rule]);
	}
	if (rule == NOMMU_RULE_NO_MEMORY)
		say_memory(&line, v);
	else if (rule == NOMMU_RULE_MREMAP_LIMIT)
		say(&line, "a mapping never moves, and this one cannot have more than %llu page%s",
		    (unsigned long long)v->pages, plural(v->pages));
	else if (driver_says_no(v))
		say(&line, "the driver's address operation refused: the range reaches beyond the file's memory, or "
			   "user.bdi.get_unmapped_area says so");
	else if (rule == NOMMU_RULE_BOARD_BUSY)
		say(&line, "task %d, which has the board's lock, is stopped by a debugger, or hangs", v->holder_pid);
	else if (rule == NOMMU_RULE_COPY && !v->error)
		say_copy(&line, v);
	else
		say(&line, "%s", words[rule].why ? words[rule].why : names[rule]);
	if (driver_says_no(v))
		say(&line, "; stay inside of the file; in an image made by genromfs -A '4096,/*' every page of a file is there");
	else if (rule == NOMMU_RULE_NO_MEMORY && v->order_asked > v->order_max)
		say(&line, "; ask for at most %lu KiB at once, or give the board a larger max-order",
		    NOMMU_PAGE_SIZE << v->order_max >> 10);
	else if (words[rule].help[0])
		say(&line, "; %s", words[rule].help);
	return line.len;
}
