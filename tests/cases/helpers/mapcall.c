/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mapcall - makes mapping calls that its arguments describe and prints what became of each, so that a case can assert
 * the exact answer. Each argument is one command; each prints one line, "ok" or the errno's name behind it.
 *
 *	open FD r|w|rw|path[,append|creat|trunc|dir|nonblock…] PATH      close FD
 *	special FD pipe|pipew|socket|eventfd|epoll|closed|tty
 *	map NAME FD|anon LENGTH PROT TYPE[,FLAG…] [OFFSET [ADDRESS]]     PROT: r w x rw rx rwx none
 *	                                                                 TYPE: private shared validate none; FLAG: fixed
 *	                                                                 noreplace locked populate … or a number
 *	unmap AT LENGTH        remap AT OLD NEW [maymove|fixed|dontunmap,… [ADDRESS]]
 *	host NAME LENGTH [ADDRESS]                                       memory that the host maps, past any shim
 *	put AT TEXT            get AT LENGTH            fill AT LENGTH BYTE
 *	zero AT LENGTH         distance AT AT           address AT           aligned AT BYTES
 *	link AT AT             follow AT LENGTH         put a pointer, print what the pointer there points to
 *	pread FD OFFSET LENGTH pwrite FD OFFSET TEXT    truncate FD SIZE        lock FD START LENGTH
 *	personality NUMBER
 *	cat PATH WORD          the first line of a file with this word in it
 *	exec PROGRAM           in this one's place, without arguments
 *	say TEXT               wait [MESSAGE]           prints, then waits for a line on standard input
 *
 * The calls of System V shared memory are in mapcall/shm.c.
 *
 * AT is a mapping's NAME, NAME+BYTES, NAME-BYTES or a number. Numbers: decimal or 0x…, then p (pages), K or M.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bare.h"
#include "mapcall/mapcall.h"

#define WORDS_MAX 10

struct name maps[NAMES_MAX];
static struct name fds[NAMES_MAX];

void die(const char *what, const char *word)
{
	fprintf(stderr, "mapcall: %s: '%s'\n", what, word);
	exit(2);
}

struct name *look_up(struct name *names, const char *text, size_t len)
{
	for (int i = 0; i < NAMES_MAX; i++)
		if (names[i].text[0] && strlen(names[i].text) == len && memcmp(names[i].text, text, len) == 0)
			return &names[i];
	return NULL;
}

void remember(struct name *names, const char *text, long value)
{
	struct name *found = look_up(names, text, strlen(text));

	for (int i = 0; !found && i < NAMES_MAX; i++)
		if (!names[i].text[0])
			found = &names[i];
	if (!found)
		die("too many names", text);
	snprintf(found->text, sizeof(found->text), "%s", text);
	found->value = value;
}

long number(const char *text)
{
	char *end;
	long value = (long)strtoull(text, &end, 0);

	if (end == text)
		die("a number was expected", text);
	switch (*end) {
	case 'p':
		return value * 4096;
	case 'K':
		return value << 10;
	case 'M':
		return value << 20;
	case '\0':
		return value;
	default:
		die("a number was expected", text);
	}
}

char *at(const char *text)
{
	size_t len = strcspn(text, "+-");
	struct name *found = look_up(maps, text, len);
	char *start;

	if (!found)
		return (char *)number(text);
	start = (char *)found->value;
	if (text[len] == '+')
		return start + number(text + len + 1);
	return text[len] == '-' ? start - number(text + len + 1) : start;
}

static int fd_of(const char *text)
{
	struct name *found = look_up(fds, text, strlen(text));

	return found ? (int)found->value : (int)number(text);
}

static const struct flag open_flags[] = {
	{ "r", O_RDONLY }, { "w", O_WRONLY }, { "rw", O_RDWR }, { "path", O_PATH }, { "ioctl", O_ACCMODE },
	{ "append", O_APPEND }, { "creat", O_CREAT }, { "trunc", O_TRUNC }, { "dir", O_DIRECTORY },
	{ "nonblock", O_NONBLOCK }, { "noctty", O_NOCTTY }, { NULL, 0 },
};

static const struct flag prots[] = {
	{ "none", PROT_NONE }, { "r", PROT_READ }, { "w", PROT_WRITE }, { "x", PROT_EXEC },
	{ "rw", PROT_READ | PROT_WRITE }, { "rx", PROT_READ | PROT_EXEC },
	{ "rwx", PROT_READ | PROT_WRITE | PROT_EXEC }, { NULL, 0 },
};

static const struct flag map_flags[] = {
	{ "none", 0 }, { "private", MAP_PRIVATE }, { "shared", MAP_SHARED }, { "validate", MAP_SHARED_VALIDATE },
	{ "fixed", MAP_FIXED }, { "noreplace", MAP_FIXED_NOREPLACE }, { "locked", MAP_LOCKED },
	{ "populate", MAP_POPULATE }, { "anonymous", MAP_ANONYMOUS }, { "growsdown", MAP_GROWSDOWN }, { NULL, 0 },
};

static const struct flag remap_flags[] = {
	{ "maymove", MREMAP_MAYMOVE }, { "fixed", MREMAP_FIXED }, { "dontunmap", MREMAP_DONTUNMAP }, { NULL, 0 },
};

long flags_of(char *text, const struct flag *known)
{
	long flags = 0;
	char *state = NULL;

	for (char *word = strtok_r(text, ",", &state); word; word = strtok_r(NULL, ",", &state)) {
		const struct flag *flag = known;

		while (flag->name && strcmp(flag->name, word) != 0)
			flag++;
		flags |= flag->name ? flag->value : number(word);
	}
	return flags;
}

void answer(int failed)
{
	if (failed)
		puts(strerrorname_np(errno));
	else if (errno)
		printf("ok, but errno became %s\n", strerrorname_np(errno));
	else
		puts("ok");
}

static void do_special(const char *name, const char *kind)
{
	int pair[2];

	if (strcmp(kind, "pipe") == 0 || strcmp(kind, "pipew") == 0) {
		if (pipe(pair) < 0)
			die("pipe", strerror(errno));
		remember(fds, name, pair[kind[4] == 'w']);
	} else if (strcmp(kind, "socket") == 0) {
		remember(fds, name, socket(AF_UNIX, SOCK_STREAM, 0));
	} else if (strcmp(kind, "eventfd") == 0) {
		remember(fds, name, eventfd(0, 0));
	} else if (strcmp(kind, "epoll") == 0) {
		remember(fds, name, epoll_create1(0));
	} else if (strcmp(kind, "tty") == 0) {
		remember(fds, name, posix_openpt(O_RDWR | O_NOCTTY));
	} else if (strcmp(kind, "closed") == 0) {
		remember(fds, name, dup(0));
		close(fd_of(name));
	} else {
		die("no such kind of descriptor", kind);
	}
	puts("ok");
}

static void do_map(int words, char **word)
{
	int anonymous = strcmp(word[2], "anon") == 0;
	int flags = (int)flags_of(word[5], map_flags) | (anonymous ? MAP_ANONYMOUS : 0);
	int fd = anonymous ? -1 : fd_of(word[2]);
	int prot = (int)flags_of(word[4], prots);
	void *addr = words > 7 ? at(word[7]) : NULL;
	void *result;

	errno = 0;
	result = mmap(addr, (size_t)number(word[3]), prot, flags, fd, words > 6 ? number(word[6]) : 0);
	answer(result == MAP_FAILED);
	if (result != MAP_FAILED)
		remember(maps, word[1], (long)result);
}

static void do_remap(int words, char **word)
{
	char *start = at(word[1]);
	int flags = words > 4 ? (int)flags_of(word[4], remap_flags) : 0;
	void *result;

	errno = 0;
	result = mremap(start, (size_t)number(word[2]), (size_t)number(word[3]), flags, words > 5 ? at(word[5]) : NULL);
	if (result != MAP_FAILED && result != start)
		printf("moved to %p\n", result);
	else
		answer(result == MAP_FAILED);
}

static void print_bytes(const char *from, long len)
{
	for (long i = 0; i < len; i++)
		putchar(from[i] > ' ' && from[i] < 127 ? from[i] : from[i] ? '?' : '.');
	putchar('\n');
}

static void do_zero(const char *from, long len)
{
	for (long i = 0; i < len; i++) {
		if (from[i]) {
			printf("no, at %ld: %d\n", i, from[i]);
			return;
		}
	}
	puts("ok");
}

static void do_cat(const char *path, const char *wanted)
{
	char line[512];
	FILE *file = fopen(path, "re");

	if (!file)
		die(strerror(errno), path);
	while (fgets(line, sizeof(line), file)) {
		if (strstr(line, wanted)) {
			fputs(line, stdout);
			break;
		}
	}
	fclose(file);
}

static void do_io(char **word)
{
	char buf[4096];
	ssize_t n;

	if (strcmp(word[0], "pread") == 0) {
		n = pread(fd_of(word[1]), buf, (size_t)number(word[3]), number(word[2]));
		if (n < 0)
			puts(strerrorname_np(errno));
		else
			print_bytes(buf, n);
	} else {
		n = pwrite(fd_of(word[1]), word[3], strlen(word[3]), number(word[2]));
		puts(n == (ssize_t)strlen(word[3]) ? "ok" : n < 0 ? strerrorname_np(errno) : "short");
	}
}

static void run(int words, char **word)
{
	const char *verb = word[0];
	char buf[256];

	errno = 0;
	if (strcmp(verb, "open") == 0 && words == 4) {
		int fd = open(word[3], (int)flags_of(word[2], open_flags) | O_CLOEXEC, 0600);

		if (fd >= 0)
			remember(fds, word[1], fd);
		puts(fd < 0 ? strerrorname_np(errno) : "ok");
	} else if (strcmp(verb, "close") == 0 && words == 2) {
		answer(close(fd_of(word[1])) < 0);
	} else if (strcmp(verb, "special") == 0 && words == 3) {
		do_special(word[1], word[2]);
	} else if (strcmp(verb, "map") == 0 && words >= 6) {
		do_map(words, word);
	} else if (strcmp(verb, "host") == 0 && words >= 3) {
		long start = bare_syscall(SYS_mmap, words > 3 ? number(word[3]) : 0, number(word[2]),
					  PROT_READ | PROT_WRITE,
					  MAP_PRIVATE | MAP_ANONYMOUS | (words > 3 ? MAP_FIXED_NOREPLACE : 0), -1, 0);

		answer(start == -1);
		remember(maps, word[1], start);
	} else if (strcmp(verb, "unmap") == 0 && words == 3) {
		answer(munmap(at(word[1]), (size_t)number(word[2])) < 0);
	} else if (strcmp(verb, "remap") == 0 && words >= 4) {
		do_remap(words, word);
	} else if (strcmp(verb, "put") == 0 && words == 3) {
		memcpy(at(word[1]), word[2], strlen(word[2]));
		puts("ok");
	} else if (strcmp(verb, "get") == 0 && words == 3) {
		print_bytes(at(word[1]), number(word[2]));
	} else if (strcmp(verb, "fill") == 0 && words == 4) {
		memset(at(word[1]), (int)number(word[3]), (size_t)number(word[2]));
		puts("ok");
	} else if (strcmp(verb, "zero") == 0 && words == 3) {
		do_zero(at(word[1]), number(word[2]));
	} else if (strcmp(verb, "distance") == 0 && words == 3) {
		printf("%ld\n", (long)(at(word[2]) - at(word[1])));
	} else if (strcmp(verb, "address") == 0 && words == 2) {
		printf("%#lx\n", (unsigned long)at(word[1]));
	} else if (strcmp(verb, "aligned") == 0 && words == 3) {
		puts((uintptr_t)at(word[1]) % (uintptr_t)number(word[2]) ? "no" : "ok");
	} else if (strcmp(verb, "link") == 0 && words == 3) {
		*(char **)at(word[1]) = at(word[2]);
		puts("ok");
	} else if (strcmp(verb, "follow") == 0 && words == 3) {
		print_bytes(*(char **)at(word[1]), number(word[2]));
	} else if ((strcmp(verb, "pread") == 0 || strcmp(verb, "pwrite") == 0) && words == 4) {
		do_io(word);
	} else if (strcmp(verb, "truncate") == 0 && words == 3) {
		answer(ftruncate(fd_of(word[1]), number(word[2])) < 0);
	} else if (strcmp(verb, "lock") == 0 && words == 4) {
		struct flock lock = { .l_type = F_WRLCK, .l_start = number(word[2]), .l_len = number(word[3]) };

		answer(fcntl(fd_of(word[1]), F_SETLK, &lock) < 0);
	} else if (strcmp(verb, "cat") == 0 && words == 3) {
		do_cat(word[1], word[2]);
	} else if (strcmp(verb, "personality") == 0 && words == 2) {
		answer(personality((unsigned long)number(word[1])) < 0);
	} else if (strcmp(verb, "exec") == 0 && words == 2) {
		execlp(word[1], word[1], (char *)NULL);
		answer(1);
	} else if (strcmp(verb, "say") == 0 && words == 2) {
		puts(word[1]);
	} else if (strcmp(verb, "wait") == 0) {
		puts(words > 1 ? word[1] : "waiting");
		fflush(stdout);
		if (!fgets(buf, sizeof(buf), stdin))
			die("standard input ended in", "wait");
	} else if (!run_shm(words, word)) {
		die("no such command, or not with so many words", verb);
	}
}

int main(int argc, char **argv)
{
	if (argc < 2)
		die("commands were expected, see the top of the source", "");
	for (int i = 1; i < argc; i++) {
		char *word[WORDS_MAX], *state = NULL, *copy = strdup(argv[i]);
		int words = 0;

		for (char *w = strtok_r(copy, " ", &state); w && words < WORDS_MAX; w = strtok_r(NULL, " ", &state))
			word[words++] = w;
		if (words == 0)
			die("an empty command", argv[i]);
		printf("%s: ", argv[i]);
		fflush(stdout);
		run(words, word);
		free(copy);
	}
	return 0;
}
