/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fscall - makes file system calls that its arguments describe and prints what became of each, so that a case can
 * assert the exact answer. Each argument is one command; each prints one line, "ok", a value or the errno's name.
 *
 *	cd PATH   umask MODE   as UID GID                 (effective ids, no other groups)
 *	open FD FLAGS PATH [MODE]   close FD   fsync FD   FLAGS: r w rw creat excl trunc append dir nofollow, by commas
 *	pread FD OFFSET LENGTH   pwrite FD OFFSET TEXT   write FD TEXT
 *	fill FD OFFSET LENGTH BYTE                        one write of so many; "short N" if it was
 *	check FD OFFSET LENGTH BYTE                       whether they are all this byte
 *	ftruncate FD SIZE   truncate PATH SIZE
 *	mkdir PATH [MODE]   rmdir PATH   unlink PATH   link OLD NEW   symlink TARGET NEW   readlink PATH
 *	rename OLD NEW [noreplace|exchange]   mknod PATH reg|fifo|sock|char|block [MODE]
 *	chmod PATH MODE   chown PATH UID GID              -1 leaves it
 *	utimens PATH ATIME MTIME                          seconds, or now, or omit
 *	stat PATH FIELD   fstat FD FIELD                  type mode nlink size blocks uid gid ino atime mtime ctime
 *	mark NAME PATH FIELD   moved NAME PATH FIELD      remember a time; has it changed since: yes or no
 *	get PATH NAME [SIZE]   set PATH NAME VALUE [create|replace]   drop PATH NAME   names PATH [SIZE]
 *	list PATH                                         names, sorted, without . and ..
 *	and those of fscall/special.c
 *
 * Modes are octal, other numbers decimal with K, M or p (pages) behind them. FD is a name.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fscall/fscall.h"

#define WORDS_MAX 8
#define NAMES_MAX 64

struct name {
	char text[32];
	int fd;
	struct timespec time;
};

static struct name names[NAMES_MAX];

void die(const char *what, const char *word)
{
	fprintf(stderr, "fscall: %s: '%s'\n", what, word);
	exit(2);
}

static struct name *name_of(const char *text, int make)
{
	struct name *unused = NULL;

	for (int i = NAMES_MAX - 1; i >= 0; i--) {
		if (!strcmp(names[i].text, text))
			return &names[i];
		if (!names[i].text[0])
			unused = &names[i];
	}
	if (!make || !unused)
		die(make ? "too many names" : "no such name", text);
	snprintf(unused->text, sizeof(unused->text), "%s", text);
	return unused;
}

int fd_of(const char *text)
{
	return name_of(text, 0)->fd;
}

long long number(const char *text)
{
	char *end;
	long long value = strtoll(text, &end, 0);

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
		return 0;
	}
}

static mode_t octal(const char *text)
{
	return (mode_t)strtoul(text, NULL, 8);
}

void set_fd(const char *text, int fd)
{
	if (fd >= 0)
		name_of(text, 1)->fd = fd;
	answer(fd);
}

static int open_flags(char *text)
{
	static const struct {
		const char *name;
		int flag;
	} known[] = {
		{ "r", O_RDONLY }, { "w", O_WRONLY }, { "rw", O_RDWR }, { "creat", O_CREAT }, { "excl", O_EXCL },
		{ "trunc", O_TRUNC }, { "append", O_APPEND }, { "dir", O_DIRECTORY }, { "nofollow", O_NOFOLLOW },
	};
	char *state = NULL;
	int flags = O_CLOEXEC;

	for (char *word = strtok_r(text, ",", &state); word; word = strtok_r(NULL, ",", &state)) {
		size_t i = 0;

		while (i < sizeof(known) / sizeof(known[0]) && strcmp(known[i].name, word))
			i++;
		if (i == sizeof(known) / sizeof(known[0]))
			die("no such flag", word);
		flags |= known[i].flag;
	}
	return flags;
}

void answer(long result)
{
	puts(result < 0 ? strerrorname_np(errno) : "ok");
}

static void print_bytes(const char *from, ssize_t len)
{
	for (ssize_t i = 0; i < len; i++)
		putchar(from[i] > ' ' && from[i] < 127 ? from[i] : from[i] ? '?' : '.');
	putchar('\n');
}

/* ---- bytes ----------------------------------------------------------------------------------------------------- */

static void do_pread(char **word)
{
	char buf[4096];
	ssize_t n = pread(fd_of(word[1]), buf, (size_t)number(word[3]), number(word[2]));

	if (n < 0)
		answer(n);
	else
		print_bytes(buf, n);
}

static void wrote(ssize_t n, size_t size)
{
	if (n >= 0 && (size_t)n < size)
		printf("short %zd\n", n);
	else
		answer(n);
}

static void do_fill(char **word)
{
	size_t size = (size_t)number(word[3]);
	char *buf = malloc(size);

	memset(buf, (int)number(word[4]), size);
	wrote(pwrite(fd_of(word[1]), buf, size, number(word[2])), size);
	free(buf);
}

static void do_check(char **word)
{
	size_t size = (size_t)number(word[3]), done = 0, i = 0;
	long long at = number(word[2]);
	char *buf = malloc(size);
	ssize_t n;

	while (done < size && (n = pread(fd_of(word[1]), buf + done, size - done, at + (long long)done)) > 0)
		done += (size_t)n;
	while (i < done && buf[i] == (char)number(word[4]))
		i++;
	if (i < done)
		printf("at %zu: %d\n", i, buf[i]);
	else if (done < size)
		printf("only %zu\n", done);
	else
		puts("ok");
	free(buf);
}

/* ---- attributes ------------------------------------------------------------------------------------------------ */

static const char *type_of(mode_t mode)
{
	return S_ISREG(mode) ? "regular" : S_ISDIR(mode) ? "directory" : S_ISLNK(mode) ? "symlink" :
	       S_ISFIFO(mode) ? "fifo" : S_ISSOCK(mode) ? "socket" : S_ISCHR(mode) ? "char" : "block";
}

static struct timespec time_of(const struct stat *st, const char *field)
{
	return field[0] == 'a' ? st->st_atim : field[0] == 'm' ? st->st_mtim : st->st_ctim;
}

static void print_field(const struct stat *st, const char *field)
{
	if (!strcmp(field, "type"))
		puts(type_of(st->st_mode));
	else if (!strcmp(field, "mode"))
		printf("%04o\n", st->st_mode & 07777);
	else if (!strcmp(field, "nlink"))
		printf("%lu\n", (unsigned long)st->st_nlink);
	else if (!strcmp(field, "size"))
		printf("%lld\n", (long long)st->st_size);
	else if (!strcmp(field, "blocks"))
		printf("%lld\n", (long long)st->st_blocks);
	else if (!strcmp(field, "uid"))
		printf("%u\n", st->st_uid);
	else if (!strcmp(field, "gid"))
		printf("%u\n", st->st_gid);
	else if (!strcmp(field, "ino"))
		printf("%lu\n", (unsigned long)st->st_ino);
	else
		printf("%lld\n", (long long)time_of(st, field).tv_sec);
}

static void do_stat(char **word)
{
	struct stat st;
	int result = word[0][0] == 'f' ? fstat(fd_of(word[1]), &st) : lstat(word[1], &st);

	if (result)
		answer(result);
	else
		print_field(&st, word[2]);
}

static void do_time(char **word, int remember)
{
	struct name *name = name_of(word[1], remember);
	struct timespec time;
	struct stat st;

	if (lstat(word[2], &st)) {
		answer(-1);
		return;
	}
	time = time_of(&st, word[3]);
	if (remember)
		puts("ok");
	else
		puts(time.tv_sec == name->time.tv_sec && time.tv_nsec == name->time.tv_nsec ? "no" : "yes");
	name->time = time;
}

static struct timespec given_time(const char *text)
{
	struct timespec time = { .tv_nsec = 0 };

	if (!strcmp(text, "now"))
		time.tv_nsec = UTIME_NOW;
	else if (!strcmp(text, "omit"))
		time.tv_nsec = UTIME_OMIT;
	else
		time.tv_sec = number(text);
	return time;
}

static void do_utimens(char **word)
{
	const struct timespec times[2] = { given_time(word[2]), given_time(word[3]) };

	answer(utimensat(AT_FDCWD, word[1], times, AT_SYMLINK_NOFOLLOW));
}

static void do_xattr(int words, char **word)
{
	static char buf[4096];
	size_t size = words > 3 && word[0][0] == 'g' ? (size_t)number(word[3]) : sizeof(buf);
	ssize_t n;

	if (word[0][0] == 's') {
		int flags = words < 5 ? 0 : word[4][0] == 'c' ? XATTR_CREATE : XATTR_REPLACE;

		answer(lsetxattr(word[1], word[2], word[3], strlen(word[3]), flags));
		return;
	}
	n = lgetxattr(word[1], word[2], buf, size);
	if (n < 0)
		answer(n);
	else if (size == 0)
		printf("%zd\n", n);
	else
		print_bytes(buf, n);
}

static void do_names(int words, char **word)
{
	static char buf[4096];
	size_t size = words > 2 ? (size_t)number(word[2]) : sizeof(buf);
	ssize_t n = llistxattr(word[1], buf, size);

	if (n < 0) {
		answer(n);
	} else if (size == 0) {
		printf("%zd\n", n);
	} else {
		for (char *at = buf; at < buf + n; at += strlen(at) + 1)
			printf("%s%s", at == buf ? "" : ",", at);
		putchar('\n');
	}
}

/* ---- names ----------------------------------------------------------------------------------------------------- */

static void do_list(const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, NULL, alphasort), printed = 0;

	if (count < 0) {
		answer(-1);
		return;
	}
	for (int i = 0; i < count; i++) {
		if (strcmp(entries[i]->d_name, ".") && strcmp(entries[i]->d_name, ".."))
			printf("%s%s", printed++ ? "," : "", entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	putchar('\n');
}

static void do_mknod(int words, char **word)
{
	mode_t type = word[2][0] == 'r' ? S_IFREG : word[2][0] == 'f' ? S_IFIFO : word[2][0] == 's' ? S_IFSOCK :
		      word[2][0] == 'c' ? S_IFCHR : S_IFBLK;

	answer(mknod(word[1], type | (words > 3 ? octal(word[3]) : 0644), 0x103));
}

static void do_as(char **word)
{
	if (seteuid(0) || setgroups(0, NULL) || setegid((gid_t)number(word[2])) || seteuid((uid_t)number(word[1])))
		die("cannot become", word[1]);
	puts("ok");
}

static void do_readlink(const char *path)
{
	char buf[4097];
	ssize_t n = readlink(path, buf, sizeof(buf));

	if (n < 0)
		answer(n);
	else
		print_bytes(buf, n);
}

static void do_open(int words, char **word)
{
	set_fd(word[1], open(word[3], open_flags(word[2]), words > 4 ? octal(word[4]) : 0644));
}

int is(const char *verb, const char *name, int words, int least)
{
	return !strcmp(verb, name) && words >= least;
}

static int run_names(int words, char **word)
{
	const char *verb = word[0];

	if (is(verb, "mkdir", words, 2)) {
		answer(mkdir(word[1], words > 2 ? octal(word[2]) : 0755));
	} else if (is(verb, "rmdir", words, 2)) {
		answer(rmdir(word[1]));
	} else if (is(verb, "unlink", words, 2)) {
		answer(unlink(word[1]));
	} else if (is(verb, "link", words, 3)) {
		answer(link(word[1], word[2]));
	} else if (is(verb, "symlink", words, 3)) {
		answer(symlink(word[1], word[2]));
	} else if (is(verb, "readlink", words, 2)) {
		do_readlink(word[1]);
	} else if (is(verb, "rename", words, 3)) {
		answer(renameat2(AT_FDCWD, word[1], AT_FDCWD, word[2],
				 words < 4 ? 0 : word[3][0] == 'n' ? RENAME_NOREPLACE : RENAME_EXCHANGE));
	} else if (is(verb, "mknod", words, 3)) {
		do_mknod(words, word);
	} else if (is(verb, "list", words, 2)) {
		do_list(word[1]);
	} else if (is(verb, "cd", words, 2)) {
		answer(chdir(word[1]));
	} else {
		return 0;
	}
	return 1;
}

static int run_attributes(int words, char **word)
{
	const char *verb = word[0];

	if (is(verb, "chmod", words, 3)) {
		answer(chmod(word[1], octal(word[2])));
	} else if (is(verb, "chown", words, 4)) {
		answer(lchown(word[1], (uid_t)number(word[2]), (gid_t)number(word[3])));
	} else if (is(verb, "utimens", words, 4)) {
		do_utimens(word);
	} else if (is(verb, "stat", words, 3) || is(verb, "fstat", words, 3)) {
		do_stat(word);
	} else if (is(verb, "mark", words, 4) || is(verb, "moved", words, 4)) {
		do_time(word, verb[1] == 'a');
	} else if (is(verb, "get", words, 3) || is(verb, "set", words, 4)) {
		do_xattr(words, word);
	} else if (is(verb, "drop", words, 3)) {
		answer(lremovexattr(word[1], word[2]));
	} else if (is(verb, "names", words, 2)) {
		do_names(words, word);
	} else if (is(verb, "umask", words, 2)) {
		umask(octal(word[1]));
		puts("ok");
	} else if (is(verb, "as", words, 3)) {
		do_as(word);
	} else {
		return 0;
	}
	return 1;
}

static int run_bytes(int words, char **word)
{
	const char *verb = word[0];

	if (is(verb, "open", words, 4)) {
		do_open(words, word);
	} else if (is(verb, "close", words, 2)) {
		answer(close(fd_of(word[1])));
	} else if (is(verb, "fsync", words, 2)) {
		answer(fsync(fd_of(word[1])));
	} else if (is(verb, "pread", words, 4)) {
		do_pread(word);
	} else if (is(verb, "pwrite", words, 4)) {
		wrote(pwrite(fd_of(word[1]), word[3], strlen(word[3]), number(word[2])), strlen(word[3]));
	} else if (is(verb, "write", words, 3)) {
		wrote(write(fd_of(word[1]), word[2], strlen(word[2])), strlen(word[2]));
	} else if (is(verb, "fill", words, 5)) {
		do_fill(word);
	} else if (is(verb, "check", words, 5)) {
		do_check(word);
	} else if (is(verb, "ftruncate", words, 3)) {
		answer(ftruncate(fd_of(word[1]), number(word[2])));
	} else if (is(verb, "truncate", words, 3)) {
		answer(truncate(word[1], number(word[2])));
	} else {
		return 0;
	}
	return 1;
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
		if (!run_names(words, word) && !run_attributes(words, word) && !run_bytes(words, word) &&
		    !run_special(words, word))
			die("no such command, or not with so few words", argv[i]);
		free(copy);
	}
	return 0;
}
