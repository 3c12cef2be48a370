/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "shim/trace.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/descriptor.h"

struct line {
	size_t len;
	char text[2048];
};

/* What does not fit is cut; one byte is kept for the newline. */
__attribute__((format(printf, 2, 3))) static void put(struct line *line, const char *format, ...)
{
	size_t room = sizeof(line->text) - 1 - line->len;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line->text + line->len, room, format, args);
	va_end(args);
	if (len > 0)
		line->len += (size_t)len < room ? (size_t)len : room - 1;
}

struct name {
	long value;
	const char *name;
};

#define NAME(constant) { constant, #constant }

static const struct name prot_names[] = {
	NAME(PROT_READ), NAME(PROT_WRITE), NAME(PROT_EXEC), NAME(PROT_GROWSDOWN), NAME(PROT_GROWSUP), { 0, NULL },
};

static const struct name type_names[] = {
	NAME(MAP_PRIVATE), NAME(MAP_SHARED), NAME(MAP_SHARED_VALIDATE), { 0, NULL },
};

static const struct name map_names[] = {
	NAME(MAP_FIXED), NAME(MAP_ANONYMOUS), NAME(MAP_FIXED_NOREPLACE), NAME(MAP_GROWSDOWN), NAME(MAP_DENYWRITE),
	NAME(MAP_EXECUTABLE), NAME(MAP_LOCKED), NAME(MAP_NORESERVE), NAME(MAP_POPULATE), NAME(MAP_NONBLOCK),
	NAME(MAP_STACK), NAME(MAP_HUGETLB), NAME(MAP_SYNC), NAME(MAP_32BIT), { 0, NULL },
};

static const struct name mremap_names[] = {
	NAME(MREMAP_MAYMOVE), NAME(MREMAP_FIXED), NAME(MREMAP_DONTUNMAP), { 0, NULL },
};

static const struct name advice_names[] = {
	NAME(MADV_NORMAL), NAME(MADV_RANDOM), NAME(MADV_SEQUENTIAL), NAME(MADV_WILLNEED), NAME(MADV_DONTNEED),
	NAME(MADV_FREE), NAME(MADV_REMOVE), NAME(MADV_DONTFORK), NAME(MADV_DOFORK), NAME(MADV_MERGEABLE),
	NAME(MADV_UNMERGEABLE), NAME(MADV_HUGEPAGE), NAME(MADV_NOHUGEPAGE), NAME(MADV_DONTDUMP), NAME(MADV_DODUMP),
	NAME(MADV_WIPEONFORK), NAME(MADV_KEEPONFORK), NAME(MADV_COLD), NAME(MADV_PAGEOUT), { 0, NULL },
};

static const struct name access_names[] = { NAME(O_RDONLY), NAME(O_WRONLY), NAME(O_RDWR), { 0, NULL } };

static const struct name open_names[] = {
	NAME(O_CREAT), NAME(O_EXCL), NAME(O_NOCTTY), NAME(O_TRUNC), NAME(O_APPEND), NAME(O_NONBLOCK), NAME(O_DSYNC),
	NAME(O_ASYNC), NAME(O_DIRECT), NAME(O_DIRECTORY), NAME(O_NOFOLLOW), NAME(O_NOATIME), NAME(O_CLOEXEC),
	{ 0, NULL },
};

static const struct name shmget_names[] = {
	NAME(IPC_CREAT), NAME(IPC_EXCL), NAME(SHM_HUGETLB), NAME(SHM_NORESERVE), { 0, NULL },
};

static const struct name shmat_names[] = {
	NAME(SHM_RDONLY), NAME(SHM_RND), NAME(SHM_REMAP), NAME(SHM_EXEC), { 0, NULL },
};

static const struct name shmctl_names[] = {
	NAME(IPC_RMID), NAME(IPC_SET), NAME(IPC_STAT), NAME(IPC_INFO), NAME(SHM_LOCK), NAME(SHM_UNLOCK),
	NAME(SHM_STAT), NAME(SHM_INFO), NAME(SHM_STAT_ANY), { 0, NULL },
};

/* A|B|0x…, each after @separator for the first, "|" for the others. What has no name is a number. */
static void put_bits(struct line *line, long bits, const struct name *names, const char *separator)
{
	for (; names->name; names++) {
		if (!(bits & names->value))
			continue;
		put(line, "%s%s", separator, names->name);
		bits &= ~names->value;
		separator = "|";
	}
	if (bits)
		put(line, "%s0x%lx", separator, bits);
}

static void put_flags(struct line *line, long flags, const struct name *names)
{
	if (flags)
		put_bits(line, (unsigned int)flags, names, "");
	else
		put(line, "0");
}

/* The mode is read in octal. */
static void put_shmget(struct line *line, long flags)
{
	put_bits(line, (unsigned int)flags & ~0777u, shmget_names, "");
	put(line, "%s%#lo", flags & ~0777 ? "|" : "", flags & 0777);
}

static void put_value(struct line *line, long value, const struct name *names)
{
	for (; names->name; names++) {
		if (names->value == value) {
			put(line, "%s", names->name);
			return;
		}
	}
	put(line, "0x%lx", value);
}

/* A name of the program's own must not look like lines of ours. */
static void put_name(struct line *line, const char *name)
{
	for (; *name; name++)
		put(line, "%c", (unsigned char)*name < ' ' || *name == 0x7f ? '?' : *name);
}

static void put_descriptor(struct line *line, int fd)
{
	char path[DESCRIPTOR_PATH];

	if (fd == AT_FDCWD) {
		put(line, "AT_FDCWD");
		return;
	}
	descriptor_path(fd, path);
	put(line, "%d", fd);
	if (!path[0])
		return;
	put(line, "<");
	put_name(line, path);
	put(line, ">");
}

static void put_text(struct line *line, const char *text)
{
	put(line, "\"");
	put_name(line, text);
	put(line, "\"");
}

static void put_argument(struct line *line, char letter, long value)
{
	switch (letter) {
	case 'p':
		if (value)
			put(line, "0x%lx", value);
		else
			put(line, "NULL");
		break;
	case 'l':
		put(line, "%ld", value);
		break;
	case 'P':
		if (value)
			put_bits(line, (unsigned int)value, prot_names, "");
		else
			put(line, "PROT_NONE");
		break;
	case 'M':
		put_value(line, value & MAP_TYPE, type_names);
		put_bits(line, (unsigned int)value & ~(unsigned int)MAP_TYPE, map_names, "|");
		break;
	case 'R':
		put_flags(line, value, mremap_names);
		break;
	case 'G':
		put_shmget(line, value);
		break;
	case 'A':
		put_flags(line, value, shmat_names);
		break;
	case 'C':
		put_value(line, value, shmctl_names);
		break;
	case 'm':
		put_value(line, value, advice_names);
		break;
	case 's':
		put_text(line, (const char *)value);
		break;
	case 'o':
		put_value(line, value & O_ACCMODE, access_names);
		put_bits(line, (unsigned int)value & ~(unsigned int)O_ACCMODE, open_names, "|");
		break;
	case 'd':
		put_descriptor(line, (int)value);
		break;
	default:
		put(line, "0x%lx", value);
		break;
	}
}

static const char *error_name(long error)
{
	const char *name = strerrorname_np((int)-error);

	return name ? name : "an unknown error";
}

/* A reason begins with the error's name, which the result says already. */
static void put_reason(struct line *line, const struct nommu_verdict *verdict)
{
	char reason[512];
	const char *text = reason, *name = error_name(verdict->error);

	nommu_reason(verdict, reason, sizeof(reason));
	if (verdict->error && strncmp(text, name, strlen(name)) == 0 && strncmp(text + strlen(name), ", ", 2) == 0)
		text += strlen(name) + 2;
	put(line, ": %s", text);
}

static void put_result(struct line *line, long result)
{
	if (result < 0 && result > -4096)
		put(line, " = -1 %s", error_name(result));
	else if (result > 0)
		put(line, " = 0x%lx", result);
	else
		put(line, " = 0");
}

static long open_file(void)
{
	return os_syscall(SYS_openat, AT_FDCWD, (long)shim.trace_path,
			  O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666, 0, 0);
}

static void write_line(struct line *line)
{
	long fd = STDERR_FILENO;

	line->text[line->len++] = '\n';
	if (shim.trace == SHIM_TRACE_FILE)
		fd = open_file();
	if (fd < 0)
		return;
	os_syscall(SYS_write, fd, (long)line->text, (long)line->len, 0, 0, 0);
	if (shim.trace == SHIM_TRACE_FILE)
		os_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
}

void trace_write(const char *call, const char *format, const long *args, long result,
		 const struct nommu_verdict *verdict)
{
	struct line line = { .len = 0 };
	int saved = errno;

	put(&line, "%ld %s(", os_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0), call);
	for (size_t i = 0; format[i]; i++) {
		if (i)
			put(&line, ", ");
		put_argument(&line, format[i], args[i]);
	}
	put(&line, ")");
	put_result(&line, result);
	if (verdict)
		put_reason(&line, verdict);
	else
		put(&line, ": the host's own memory, not the board's");
	write_line(&line);
	errno = saved;
}

void trace_open(const char *target)
{
	long fd;

	if (!target || !target[0])
		return;
	if (strcmp(target, "-") == 0) {
		shim.trace = SHIM_TRACE_STDERR;
		return;
	}
	fd = shim_absolute(target, shim.trace_path) ? open_file() : -ENAMETOOLONG;
	if (fd < 0) {
		shim_say("nommu: %s: cannot write a trace to %.200s: %s; going on without\n",
			 program_invocation_short_name, target, error_name(fd));
		return;
	}
	os_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
	shim.trace = SHIM_TRACE_FILE;
}
