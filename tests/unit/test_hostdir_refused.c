/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_hostdir_refused - directories that hostdir makes no image of, and what it says then.
 */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostdir_scene.h"
#include "romfs_image.h"
#include "suites.h"

static char top[64];

static void setup(void)
{
	t_directory_make(top);
}

static void teardown(void)
{
	t_directory_remove(top);
}

/* "TOP/NAME: WHAT" */
static const char *line(const char *name, const char *what)
{
	static char text[2 * PATH_MAX];

	snprintf(text, sizeof(text), "%s%s%s: %s", top, *name ? "/" : "", name, what);
	return text;
}

START_TEST(no_directory)
{
	t_file_make(top, "file", 1, 0644);
	h_symlink(top, "to-file", "file");
	h_symlink(top, "to-nothing", "nothing");
	h_symlink(top, "loop", "loop");
	ck_assert_int_eq(mkfifo(h_path(top, "fifo"), 0600), 0);
	h_check_refused(h_path(top, "file"), 0, -ENOTDIR, line("file", "cannot make an image of it: Not a directory"));
	h_check_refused(h_path(top, "to-file"), 0, -ENOTDIR,
			line("file", "cannot make an image of it: Not a directory"));
	h_check_refused(h_path(top, "fifo"), 0, -ENOTDIR, line("fifo", "cannot make an image of it: Not a directory"));
	h_check_refused(h_path(top, "nothing"), 0, -ENOENT,
			line("nothing", "cannot look at it: No such file or directory"));
	h_check_refused(h_path(top, "to-nothing"), 0, -ENOENT,
			line("to-nothing", "cannot look at it: No such file or directory"));
	h_check_refused(h_path(top, "loop"), 0, -ELOOP,
			line("loop", "cannot look at it: Too many levels of symbolic links"));
	h_check_refused(h_path(top, "file/x"), 0, -ENOTDIR, line("file/x", "cannot look at it: Not a directory"));
	h_check_refused("", 0, -ENOENT, ": cannot look at it: No such file or directory");
}
END_TEST

START_TEST(bad_alignment)
{
	static const uint32_t aligns[] = { 3, 4095, 4097, 0x80000001u, UINT32_MAX };

	h_check_refused(top, aligns[_i], -EINVAL, line("", "alignment is no power of two: Invalid argument"));
}
END_TEST

/* ---- not readable ---------------------------------------------------------------------------------------------- */

static void refuse_unlisted(const char *dir)
{
	h_check_refused(dir, 0, -EACCES, line("a/unlisted", "cannot list the directory: Permission denied"));
}

static void refuse_unsearched(const char *dir)
{
	h_check_refused(dir, 0, -EACCES, line("a/unlisted/file", "cannot look at it: Permission denied"));
}

static void refuse_the_root(const char *dir)
{
	h_check_refused(h_path(dir, "a/unlisted"), 0, -EACCES,
			line("a/unlisted", "cannot list the directory: Permission denied"));
}

static void refuse_below_the_root(const char *dir)
{
	h_check_refused(h_path(dir, "a/unlisted/b"), 0, -EACCES,
			line("a/unlisted/b", "cannot look at it: Permission denied"));
}

START_TEST(unreadable_directory)
{
	h_mkdir(top, "a");
	h_mkdir(top, "a/unlisted");
	t_file_make(top, "a/unlisted/file", 1, 0644);
	h_mkdir(top, "z");
	ck_assert_int_eq(chmod(h_path(top, "a/unlisted"), 0311), 0);
	h_as_nobody(refuse_unlisted, top);
	h_as_nobody(refuse_the_root, top);
	ck_assert_int_eq(chmod(h_path(top, "a/unlisted"), 0444), 0);
	h_as_nobody(refuse_unsearched, top);
	h_as_nobody(refuse_below_the_root, top);
	ck_assert_int_eq(chmod(h_path(top, "a/unlisted"), 0755), 0);
}
END_TEST

static void refuse_unread_file(const char *dir)
{
	struct hostdir *open = h_open(dir, 0);

	h_check_unfilled(open, -EACCES, line("secret", "cannot open the file: Permission denied"));
}

START_TEST(unreadable_file)
{
	t_file_make(top, "a", 1, 0644);
	t_file_make(top, "nothing-in-it", 0, 0000);
	t_file_make(top, "secret", 1, 0000);
	h_as_nobody(refuse_unread_file, top);
}
END_TEST

/* ---- loops ----------------------------------------------------------------------------------------------------- */

/* Exit status 77: such a mount is not permitted. */
static int refuse_mounted_loop(void)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount(top, h_path(top, "a/again"), NULL, MS_BIND, NULL))
		return 77;
	h_check_refused(top, 0, -ELOOP,
			line("a/again", "is a directory that it lies in: Too many levels of symbolic links"));
	return 0;
}

START_TEST(directory_in_itself)
{
	int status;
	pid_t pid;

	h_mkdir(top, "a");
	h_mkdir(top, "a/again");
	fflush(stdout);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid)
		_exit(refuse_mounted_loop());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		printf("hostdir: no directory mounted in itself, that is not permitted\n");
	else
		ck_assert_int_eq(status, 0);
}
END_TEST

/* ---- messages -------------------------------------------------------------------------------------------------- */

static void refuse_in_one_line(const char *dir)
{
	h_check_refused(h_path(dir, "a\n\033b\177c\tü"), 0, -EACCES,
			line("a??b?c?ü", "cannot list the directory: Permission denied"));
}

START_TEST(one_line)
{
	h_mkdir(top, "a\n\033b\177c\tü");
	ck_assert_int_eq(chmod(h_path(top, "a\n\033b\177c\tü"), 0), 0);
	h_as_nobody(refuse_in_one_line, top);
	ck_assert_int_eq(chmod(h_path(top, "a\n\033b\177c\tü"), 0700), 0);
}
END_TEST

/* Of a path that is too long for the line the end is kept. */
START_TEST(long_path)
{
	char path[400], expected[512];

	for (size_t length = 148; length < 156; length++) {
		memset(path, 'n', sizeof(path));
		memcpy(path, "/none/", 6);
		path[length] = 0;
		snprintf(expected, sizeof(expected), "%s%s: cannot look at it: No such file or directory",
			 length > 150 ? "..." : "", path + (length > 150 ? length - 150 : 0));
		h_check_refused(path, 0, -ENOENT, expected);
	}
	memset(path, 'n', sizeof(path));
	path[399] = 0;
	snprintf(expected, sizeof(expected), "...%s: cannot look at it: File name too long", path + 249);
	h_check_refused(path, 0, -ENAMETOOLONG, expected);
}
END_TEST

SUITE(hostdir_refused)
{
	Suite *suite = suite_create("hostdir_refused");
	TCase *tcase = tcase_create("refused");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, no_directory);
	tcase_add_loop_test(tcase, bad_alignment, 0, 5);
	tcase_add_test(tcase, unreadable_directory);
	tcase_add_test(tcase, unreadable_file);
	tcase_add_test(tcase, directory_in_itself);
	tcase_add_test(tcase, one_line);
	tcase_add_test(tcase, long_path);
	suite_add_tcase(suite, tcase);
	return suite;
}
