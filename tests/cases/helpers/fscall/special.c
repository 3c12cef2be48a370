/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * special - Linux's own calls on files, and of the whole file system:
 *
 *	statfs PATH bsize|blocks|bfree|files|ffree|namemax
 *	tmpfile FD DIR [excl]   linkfd FD PATH            a file without a name, and a name for it
 *	fallocate FD OFFSET LENGTH   seek FD OFFSET data|hole|end
 *	copy FROM OFFSET TO OFFSET LENGTH                 copy_file_range once; prints how many bytes
 *	flags PATH                                        as lsattr: a letter each of a, i, A, d; or -
 *	setflags PATH LETTERS                             of these, and c, which nobody has; - for none
 *	lock FD r|w|u START LENGTH [wait]                 fcntl; LENGTH 0: to the end of file
 *	getlock FD r|w START LENGTH                       "free", or what is in the way: r|w START LENGTH
 *	ofdlock FD r|w|u START LENGTH
 *	fork lock|getlock …                               asked by a child, which ends
 *	circle FD                                         what the one gets who waits for a child that waits for him
 *	alarm SECONDS          sleep SECONDS              a signal that interrupts; says so before it sleeps
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fscall/fscall.h"

static void print(long long value)
{
	if (value < 0)
		answer((long)value);
	else
		printf("%lld\n", value);
}

static void do_statfs(char **word)
{
	struct statvfs st;
	const char *field = word[2];

	if (statvfs(word[1], &st)) {
		answer(-1);
		return;
	}
	printf("%lu\n", (unsigned long)(!strcmp(field, "bsize") ? st.f_bsize : !strcmp(field, "blocks") ? st.f_blocks :
	       !strcmp(field, "bfree") ? st.f_bfree : !strcmp(field, "files") ? st.f_files :
	       !strcmp(field, "ffree") ? st.f_ffree : st.f_namemax));
}

static void do_link(char **word)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd_of(word[1]));
	answer(linkat(AT_FDCWD, path, AT_FDCWD, word[2], AT_SYMLINK_FOLLOW));
}

static void do_copy(char **word)
{
	off_t from = number(word[2]), to = number(word[4]);

	print(copy_file_range(fd_of(word[1]), &from, fd_of(word[3]), &to, (size_t)number(word[5]), 0));
}

static void do_seek(char **word)
{
	print(lseek(fd_of(word[1]), number(word[2]),
		    word[3][0] == 'd' ? SEEK_DATA : word[3][0] == 'h' ? SEEK_HOLE : SEEK_END));
}

/* ---- flags ----------------------------------------------------------------------------------------------------- */

static const struct {
	char letter;
	int flag;
} letters[] = {
	{ 'a', FS_APPEND_FL }, { 'i', FS_IMMUTABLE_FL }, { 'A', FS_NOATIME_FL }, { 'd', FS_NODUMP_FL },
	{ 'c', FS_COMPR_FL },
};

#define LETTERS (sizeof(letters) / sizeof(letters[0]))

static void do_flags(const char *path, const char *wanted)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK), flags = 0, result;

	for (size_t i = 0; wanted && i < LETTERS; i++)
		flags |= strchr(wanted, letters[i].letter) ? letters[i].flag : 0;
	result = fd < 0 ? fd : ioctl(fd, wanted ? FS_IOC_SETFLAGS : FS_IOC_GETFLAGS, &flags);
	if (wanted || result) {
		answer(result);
	} else {
		for (size_t i = 0; i < LETTERS; i++)
			if (flags & letters[i].flag)
				putchar(letters[i].letter);
		puts(flags ? "" : "-");
	}
	if (fd >= 0)
		close(fd);
}

/* ---- locks ----------------------------------------------------------------------------------------------------- */

static struct flock lock_of(const char *type, const char *start, const char *length)
{
	return (struct flock){
		.l_type = (short)(type[0] == 'r' ? F_RDLCK : type[0] == 'w' ? F_WRLCK : F_UNLCK),
		.l_whence = SEEK_SET,
		.l_start = number(start),
		.l_len = number(length),
	};
}

static void do_getlock(char **word)
{
	struct flock lock = lock_of(word[2], word[3], word[4]);

	if (fcntl(fd_of(word[1]), F_GETLK, &lock))
		answer(-1);
	else if (lock.l_type == F_UNLCK)
		puts("free");
	else
		printf("%c %lld %lld\n", lock.l_type == F_RDLCK ? 'r' : 'w', (long long)lock.l_start,
		       (long long)lock.l_len);
}

static void do_lock(int command, char **word)
{
	struct flock lock = lock_of(word[2], word[3], word[4]);

	answer(fcntl(fd_of(word[1]), command, &lock));
}

static int run_lock(int words, char **word)
{
	const char *verb = word[0];

	if (is(verb, "lock", words, 5))
		do_lock(words > 5 ? F_SETLKW : F_SETLK, word);
	else if (is(verb, "ofdlock", words, 5))
		do_lock(F_OFD_SETLK, word);
	else if (is(verb, "getlock", words, 5))
		do_getlock(word);
	else
		return 0;
	return 1;
}

static void do_fork(int words, char **word)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (!run_lock(words - 1, word + 1))
			die("no such command for a child", word[1]);
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

/* The child has byte 1 and wants byte 0, which is ours; when we want byte 1, one of us must not. */
static void do_circle(char **word)
{
	struct flock ours = lock_of("w", "0", "1"), theirs = lock_of("w", "1", "1");
	int fd = fd_of(word[1]), ends[2], result;
	pid_t pid;

	if (fcntl(fd, F_SETLK, &ours) || pipe(ends))
		die("circle", word[1]);
	pid = fork();
	if (pid == 0) {
		if (fcntl(fd, F_SETLK, &theirs) || write(ends[1], "", 1) != 1)
			_exit(1);
		_exit(fcntl(fd, F_SETLKW, &ours) ? 1 : 0);
	}
	if (read(ends[0], &(char){0}, 1) != 1)
		die("circle: the child", word[1]);
	usleep(200000); /* until it waits */
	result = fcntl(fd, F_SETLKW, &theirs);
	answer(result);
	ours.l_type = F_UNLCK;
	fcntl(fd, F_SETLK, &ours);
	waitpid(pid, &result, 0);
	if (result)
		die("circle: the child did not get it", word[1]);
	close(ends[0]);
	close(ends[1]);
}

static void wake(int number)
{
	(void)number;
}

static void do_alarm(const char *seconds)
{
	const struct sigaction action = { .sa_handler = wake };

	answer(sigaction(SIGALRM, &action, NULL));
	alarm((unsigned int)number(seconds));
}

int run_special(int words, char **word)
{
	const char *verb = word[0];

	if (is(verb, "tmpfile", words, 3)) {
		set_fd(word[1], open(word[2], O_TMPFILE | O_RDWR | (words > 3 ? O_EXCL : 0), 0644));
	} else if (is(verb, "statfs", words, 3)) {
		do_statfs(word);
	} else if (is(verb, "linkfd", words, 3)) {
		do_link(word);
	} else if (is(verb, "fallocate", words, 4)) {
		answer(fallocate(fd_of(word[1]), 0, number(word[2]), number(word[3])));
	} else if (is(verb, "seek", words, 4)) {
		do_seek(word);
	} else if (is(verb, "copy", words, 6)) {
		do_copy(word);
	} else if (is(verb, "flags", words, 2)) {
		do_flags(word[1], NULL);
	} else if (is(verb, "setflags", words, 3)) {
		do_flags(word[1], word[2]);
	} else if (is(verb, "fork", words, 6)) {
		do_fork(words, word);
	} else if (is(verb, "circle", words, 2)) {
		do_circle(word);
	} else if (is(verb, "alarm", words, 2)) {
		do_alarm(word[1]);
	} else if (is(verb, "sleep", words, 2)) {
		puts("now");
		fflush(stdout);
		sleep((unsigned int)number(word[1]));
	} else {
		return run_lock(words, word);
	}
	return 1;
}
