/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_attach - the daemon's end of the hand-over against clients that behave and clients that do not.
 */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nommu.h"
#include "attach_end.h"
#include "suites.h"

/* Send this and expect the refusal, then the end. */
static void expect_refusal(const void *packet, size_t len, int error)
{
	int fd = end_dial_ok();
	struct heard heard;

	ck_assert_int_eq(send(fd, packet, len, MSG_NOSIGNAL), (ssize_t)len);
	heard = end_hear(fd);
	ck_assert_msg(heard.len == sizeof(heard.reply), "%zu bytes: an answer of %zd bytes", len, heard.len);
	ck_assert_msg(heard.reply.error == error, "%zu bytes: %d, not %d: %s", len, heard.reply.error, error,
		      heard.reply.text);
	ck_assert_uint_eq(heard.reply.magic, WIRE_MAGIC);
	ck_assert_uint_eq(heard.reply.version, WIRE_VERSION);
	ck_assert_uint_eq(heard.count, 0);
	ck_assert_uint_ne(heard.reply.text[0], '\0');
	ck_assert_ptr_nonnull(memchr(heard.reply.text, '\0', sizeof(heard.reply.text)));
	ck_assert_ptr_null(strchr(heard.reply.text, '\n'));
	ck_assert_int_eq(end_hear(fd).len, 0);
	close(fd);
	ck_assert_uint_eq(end_mms(), 0);
}

/* ---- packets ---------------------------------------------------------------------------------------------------- */

START_TEST(test_socket_is_private)
{
	char dir[PATH_MAX];
	struct stat st;

	strcpy(dir, attach_server_path(hand.server));
	ck_assert_int_eq(strncmp(dir, hand.folder, strlen(hand.folder)), 0);
	ck_assert_int_eq(stat(dir, &st), 0);
	ck_assert(S_ISSOCK(st.st_mode));
	*strrchr(dir, '/') = '\0';
	ck_assert_int_eq(stat(dir, &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFDIR | 0700);
	ck_assert_uint_eq(st.st_uid, geteuid());
}
END_TEST

START_TEST(test_garbage_of_every_length)
{
	unsigned char packet[4096] = { 0 };
	char name[ATTACH_NAME_MAX];
	unsigned int seed = 1;

	for (size_t len = 0; len <= 2 * sizeof(struct wire_hello); len++) {
		for (size_t i = 0; i < len; i++)
			packet[i] = (unsigned char)((seed = seed * 1103515245u + 12345u) >> 16);
		expect_refusal(packet, len, -EPROTO);
	}
	memset(packet, 0, sizeof(packet));
	expect_refusal(packet, sizeof(packet), -EPROTO);
	close(end_attach(name));
	end_await_mms(0);
}
END_TEST

START_TEST(test_hello_of_every_length)
{
	char packet[sizeof(struct wire_hello) + 40] = { 0 };
	struct wire_hello hello = end_hello(getpid());

	memcpy(packet, &hello, sizeof(hello));
	for (size_t len = 0; len <= sizeof(packet); len++) {
		if (len != sizeof(hello))
			expect_refusal(packet, len, -EPROTO);
	}
}
END_TEST

START_TEST(test_every_byte_of_the_head)
{
	for (size_t i = 0; i < offsetof(struct wire_hello, flags); i++) {
		struct wire_hello hello = end_hello(getpid());

		((unsigned char *)&hello)[i] ^= 0x40;
		expect_refusal(&hello, sizeof(hello), -EPROTO);
	}
}
END_TEST

START_TEST(test_version_is_named)
{
	struct wire_hello hello = end_hello(getpid());
	struct heard heard;
	int fd = end_dial_ok();

	hello.version = 77;
	/* Only the head is common to all versions. */
	ck_assert_int_eq(send(fd, &hello, WIRE_HEAD, 0), WIRE_HEAD);
	heard = end_hear(fd);
	ck_assert_int_eq(heard.reply.error, -EPROTO);
	ck_assert_ptr_nonnull(strstr(heard.reply.text, "77"));
	close(fd);
}
END_TEST

START_TEST(test_bad_fields)
{
	struct wire_hello hello = end_hello(getpid());

	hello.flags = 0x80000000u;
	expect_refusal(&hello, sizeof(hello), -EPROTO);
	hello = end_hello(getpid());
	memset(hello.comm, 'x', sizeof(hello.comm));
	expect_refusal(&hello, sizeof(hello), -EPROTO);
}
END_TEST

START_TEST(test_descriptors_sent_are_dropped)
{
	struct wire_hello hello = end_hello(getpid());
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte;
	struct iovec iov = { &hello, sizeof(hello) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control };
	struct cmsghdr *c;
	struct heard heard;
	int fd = end_dial_ok(), ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	msg.msg_controllen = sizeof(control);
	c = CMSG_FIRSTHDR(&msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &ends[1], sizeof(int));
	ck_assert_int_eq(sendmsg(fd, &msg, 0), sizeof(hello));
	close(ends[1]);
	heard = end_hear(fd);
	ck_assert_int_eq(heard.reply.error, 0);
	end_drop(&heard);
	/* Ends only if nobody holds the other end. */
	ck_assert_int_eq(read(ends[0], &byte, 1), 0);
	close(ends[0]);
	close(fd);
	end_await_mms(0);
}
END_TEST

/* ---- connections ------------------------------------------------------------------------------------------------ */

START_TEST(test_silent_clients_block_nobody)
{
	enum { SILENT = 200 }; /* more than the server has room for */
	char name[ATTACH_NAME_MAX];
	int fds[SILENT];
	double begin;

	for (int i = 0; i < SILENT; i++)
		fds[i] = end_dial_ok();
	begin = end_seconds();
	close(end_attach(name));
	/* The eldest made room. All that before the 5 s that a silent client has are over. */
	ck_assert_int_eq(end_hear(fds[0]).len, 0);
	ck_assert_double_lt(end_seconds() - begin, 4);
	for (int i = 0; i < SILENT; i++)
		close(fds[i]);
	end_await_mms(0);
}
END_TEST

START_TEST(test_end_before_claim_ends_mm)
{
	char name[ATTACH_NAME_MAX];
	struct nommu_mm mm;
	int fd = end_attach(name);

	ck_assert_uint_eq(end_mms(), 1);
	ck_assert(attach_server_has(hand.server, name));
	close(fd);
	end_await_mms(0);
	ck_assert(!attach_server_has(hand.server, name));
	ck_assert_int_eq(attach_server_claim(hand.server, name, &mm), -ENOENT);
}
END_TEST

START_TEST(test_claim_once_and_for_good)
{
	char name[ATTACH_NAME_MAX], other[ATTACH_NAME_MAX];
	struct nommu_mm mm, again;
	int fd = end_attach(name), second = end_attach(other);

	ck_assert_str_ne(name, other);
	ck_assert_int_eq(attach_server_claim(hand.server, "", &mm), -ENOENT);
	ck_assert_int_eq(attach_server_claim(hand.server, "no-such-name", &mm), -ENOENT);
	ck_assert_int_eq(attach_server_claim(hand.server, name, &mm), 0);
	ck_assert_int_eq(attach_server_claim(hand.server, name, &again), -ENOENT);
	ck_assert(!attach_server_has(hand.server, name));
	ck_assert(attach_server_has(hand.server, other));
	close(fd);
	close(second);
	end_await_mms(1);
	/* The one that is left is the one that was claimed. */
	ck_assert_int_eq(nommu_mm_exit(hand.board, &mm), 0);
	ck_assert_uint_eq(end_mms(), 0);
}
END_TEST

START_TEST(test_a_word_too_many)
{
	struct wire_hello hello = end_hello(getpid());
	char name[ATTACH_NAME_MAX];
	int fd = end_attach(name);

	ck_assert_int_eq(send(fd, &hello, sizeof(hello), 0), sizeof(hello));
	end_await_mms(0);
	ck_assert_int_le(end_hear(fd).len, 0); /* the end, or a reset: nobody read the second one */
	close(fd);
}
END_TEST

START_TEST(test_closing_ends_what_waits)
{
	char name[ATTACH_NAME_MAX], other[ATTACH_NAME_MAX];
	int fd = end_attach(name), second = end_attach(other);
	struct nommu_mm mm;

	ck_assert_int_eq(attach_server_claim(hand.server, name, &mm), 0);
	attach_server_close(hand.server);
	hand.server = NULL;
	ck_assert_uint_eq(end_mms(), 1); /* the claimed one stays */
	ck_assert_int_eq(nommu_mm_exit(hand.board, &mm), 0);
	close(fd);
	close(second);
}
END_TEST

START_TEST(test_probe_makes_nothing)
{
	struct wire_hello hello = end_hello(getpid());
	struct heard heard;
	int fd = end_dial_ok();

	hello.flags = WIRE_PROBE;
	ck_assert_int_eq(send(fd, &hello, sizeof(hello), 0), sizeof(hello));
	heard = end_hear(fd);
	ck_assert_int_eq(heard.len, sizeof(heard.reply));
	ck_assert_int_eq(heard.reply.error, 0);
	ck_assert_uint_eq(heard.count, 0);
	ck_assert_int_eq(end_hear(fd).len, 0);
	ck_assert_uint_eq(end_mms(), 0);
	close(fd);
}
END_TEST

START_TEST(test_few_descriptors)
{
	struct rlimit limit;
	char name[ATTACH_NAME_MAX];
	int fd = end_dial_ok();

	close(fd);
	/* poll refuses more entries than this, accept more descriptors. */
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = (rlim_t)fd + 12;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	for (int i = 0; i < 5; i++)
		close(end_attach(name));
	end_await_mms(0);
}
END_TEST

START_TEST(test_a_full_board)
{
	struct wire_hello hello = end_hello(getpid());
	char name[ATTACH_NAME_MAX];
	int fds[1024], n = 0;
	struct heard heard;

	for (;;) {
		fds[n] = end_dial_ok();
		ck_assert_int_eq(send(fds[n], &hello, sizeof(hello), 0), sizeof(hello));
		heard = end_hear(fds[n++]);
		end_drop(&heard);
		if (heard.reply.error)
			break;
		ck_assert_int_lt(n, 100);
	}
	ck_assert_int_eq(heard.reply.error, -EMFILE);
	ck_assert_int_eq(n, END_PROCESSES + 1);
	close(fds[0]);
	end_await_mms(END_PROCESSES - 1);
	fds[0] = end_attach(name);
	for (int i = 0; i < n; i++)
		close(fds[i]);
	end_await_mms(0);
}
END_TEST

/* ---- who may ---------------------------------------------------------------------------------------------------- */

START_TEST(test_another_pid_is_another_namespace)
{
	struct wire_hello hello = end_hello(getpid() + 1);
	struct stat ns;

	expect_refusal(&hello, sizeof(hello), -EPERM);
	hello = end_hello(getpid());
	ck_assert_int_eq(stat("/proc/self/ns/pid", &ns), 0);
	hello.pidns = ns.st_ino + 1;
	expect_refusal(&hello, sizeof(hello), -EPERM);
}
END_TEST

#define CANNOT_CONNECT 100

/* In a child: say hello and return the error of the answer, or of connecting with CANNOT_CONNECT; 99: anything else. */
static int refused_with(void)
{
	struct wire_hello hello = end_hello((pid_t)syscall(SYS_getpid));
	int fd = end_dial(attach_server_path(hand.server));
	struct heard heard;

	if (fd < 0)
		return CANNOT_CONNECT - fd;
	if (send(fd, &hello, sizeof(hello), 0) != (ssize_t)sizeof(hello))
		return 99;
	heard = end_hear(fd);
	if (heard.len != (ssize_t)sizeof(heard.reply) || (heard.reply.error == 0) != (heard.count > 0))
		return 99;
	return -heard.reply.error;
}

/* 0: not allowed here. */
static int in_new_namespace(void)
{
	pid_t pid;
	int status;

	if (unshare(CLONE_NEWPID) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID) < 0)
		return 0;
	pid = fork();
	if (pid == 0)
		_exit(refused_with());
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 254;
}

START_TEST(test_pid_namespace)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(in_new_namespace());
	status = end_status_of(pid);
	/* Where nobody may make a namespace there is no such peer either; a wrong number stands for it above. */
	ck_assert_msg(status == EPERM || (status == 0 && geteuid() != 0), "%d", status);
	ck_assert_uint_eq(end_mms(), 0);
}
END_TEST

static int as_nobody(void)
{
	if (setgid(END_NOBODY) < 0 || setuid(END_NOBODY) < 0)
		return 253;
	return refused_with();
}

/* The folder keeps others out; were it open, the server still would. Only root can become somebody else. */
START_TEST(test_another_user)
{
	char dir[PATH_MAX];
	pid_t pid = fork();

	if (pid == 0)
		_exit(as_nobody());
	if (geteuid() != 0) {
		ck_assert_int_eq(end_status_of(pid), 253);
		return;
	}
	ck_assert_int_eq(end_status_of(pid), CANNOT_CONNECT + EACCES);
	strcpy(dir, attach_server_path(hand.server));
	ck_assert_int_eq(chmod(dir, 0777), 0);
	*strrchr(dir, '/') = '\0';
	ck_assert_int_eq(chmod(dir, 0711), 0);
	ck_assert_int_eq(chmod(hand.folder, 0711), 0);
	pid = fork();
	if (pid == 0)
		_exit(as_nobody());
	ck_assert_int_eq(end_status_of(pid), EACCES);
	ck_assert_uint_eq(end_mms(), 0);
	pid = fork();
	if (pid == 0)
		_exit(refused_with());
	ck_assert_int_eq(end_status_of(pid), 0);
	end_await_mms(0);
}
END_TEST

START_TEST(test_long_runtime_dir)
{
	struct attach_server *second;
	struct nommu_why why;
	char path[300];

	memset(path, 'd', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	setenv("XDG_RUNTIME_DIR", path, 1);
	ck_assert_msg(attach_server_open(hand.board, &second, &why) == 0, "%s", why.text);
	ck_assert_int_eq(strncmp(attach_server_path(second), "/tmp/", 5), 0);
	attach_server_close(second);
}
END_TEST

/* A folder as a killed server leaves it, beside those that are not to be touched. */
START_TEST(test_leftovers)
{
	char dead[80], other[80], empty[80], live[120];
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct attach_server *second;
	struct nommu_why why;
	int fd;

	snprintf(dead, sizeof(dead), "%s/nommufs.dead", hand.folder);
	snprintf(other, sizeof(other), "%s/other", hand.folder);
	snprintf(empty, sizeof(empty), "%s/nommufs.empty", hand.folder);
	snprintf(live, sizeof(live), "%s", attach_server_path(hand.server));
	ck_assert_int_eq(mkdir(dead, 0700), 0);
	ck_assert_int_eq(mkdir(other, 0700), 0);
	ck_assert_int_eq(mkdir(empty, 0700), 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/attach", dead);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
	ck_assert_msg(attach_server_open(hand.board, &second, &why) == 0, "%s", why.text);
	ck_assert_int_eq(access(dead, F_OK), -1);
	ck_assert_int_eq(access(live, F_OK), 0);
	attach_server_close(second);
	/* A server that has not come as far as its socket has an empty one. */
	ck_assert_int_eq(rmdir(empty), 0);
	ck_assert_int_eq(rmdir(other), 0);
}
END_TEST

SUITE(attach)
{
	Suite *suite = suite_create("attach");
	TCase *tests = tcase_create("daemon");

	tcase_add_checked_fixture(tests, end_setup, end_teardown);
	tcase_add_test(tests, test_socket_is_private);
	tcase_add_test(tests, test_garbage_of_every_length);
	tcase_add_test(tests, test_hello_of_every_length);
	tcase_add_test(tests, test_every_byte_of_the_head);
	tcase_add_test(tests, test_version_is_named);
	tcase_add_test(tests, test_bad_fields);
	tcase_add_test(tests, test_descriptors_sent_are_dropped);
	tcase_add_test(tests, test_silent_clients_block_nobody);
	tcase_add_test(tests, test_end_before_claim_ends_mm);
	tcase_add_test(tests, test_claim_once_and_for_good);
	tcase_add_test(tests, test_a_word_too_many);
	tcase_add_test(tests, test_closing_ends_what_waits);
	tcase_add_test(tests, test_probe_makes_nothing);
	tcase_add_test(tests, test_few_descriptors);
	tcase_add_test(tests, test_a_full_board);
	tcase_add_test(tests, test_another_pid_is_another_namespace);
	tcase_add_test(tests, test_pid_namespace);
	tcase_add_test(tests, test_another_user);
	tcase_add_test(tests, test_long_runtime_dir);
	tcase_add_test(tests, test_leftovers);
	suite_add_tcase(suite, tests);

	return suite;
}
