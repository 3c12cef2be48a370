/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_attach_process - the process's end of the hand-over against the daemon's, and against one that misbehaves.
 *
 * The mount is played by a folder and by an os table that answers getxattr and sees the token being opened; all else
 * is real: socket, descriptors, board.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/os.h"
#include "nommu.h"
#include "attach_end.h"
#include "suites.h"

/* What the mount answers the process. */
static struct {
	long xattr_error; /* 0: the path below */
	char path[PATH_MAX];
	long token_error; /* 0: it can be opened */
	bool here;        /* the server is in this process */
	int ask;          /* else: it is asked to claim, through this socket */
	uid_t daemon_uid; /* if it is to be forged */
	bool forge_uid;
} mount_;

static long play_getxattr(char *value, size_t size)
{
	size_t len = strlen(mount_.path);

	if (mount_.xattr_error)
		return mount_.xattr_error;
	if (len > size)
		return -ERANGE;
	memcpy(value, mount_.path, len);
	return (long)len;
}

/* The token is claimed as the daemon does it, then a file stands for it. */
static long play_token(const char *path, long dir)
{
	char answer = 1, local[PATH_MAX];
	struct nommu_mm mm;

	if (mount_.token_error)
		return mount_.token_error;
	if (mount_.here)
		answer = attach_server_claim(hand.server, path + strlen(ATTACH_TOKEN_DIR "/"), &mm) == 0;
	else if (send(mount_.ask, path, strlen(path) + 1, 0) < 0 || recv(mount_.ask, &answer, 1, 0) != 1)
		return -EIO;
	if (!answer)
		return -ENOENT;
	snprintf(local, sizeof(local), "%s/proc", hand.folder);
	mkdir(local, 0700);
	snprintf(local, sizeof(local), "%s/%s", hand.folder, ATTACH_TOKEN_DIR);
	mkdir(local, 0700);
	return os_syscall(SYS_openat, dir, (long)path, O_RDWR | O_CREAT | O_CLOEXEC, 0600, 0, 0);
}

static long play_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	if (number == SYS_getxattr && strcmp((const char *)a, hand.folder) == 0) {
		ck_assert_str_eq((const char *)b, ATTACH_XATTR);
		return play_getxattr((char *)c, (size_t)d);
	}
	if (number == SYS_openat && strncmp((const char *)b, ATTACH_TOKEN_DIR, strlen(ATTACH_TOKEN_DIR)) == 0)
		return play_token((const char *)b, a);
	if (number == SYS_getsockopt && c == SO_PEERCRED && mount_.forge_uid) {
		((struct ucred *)d)->uid = mount_.daemon_uid;
		return 0;
	}
	return os_syscall(number, a, b, c, d, e, f);
}

static struct nommu_os play_os;

static void setup_mount(void)
{
	end_setup();
	play_os = os_host;
	play_os.syscall = play_syscall;
	memset(&mount_, 0, sizeof(mount_));
	strcpy(mount_.path, attach_server_path(hand.server));
}

static unsigned int descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* The server's end of a connection is in this process too, and closes a moment later. */
static void await_descriptors(unsigned int count)
{
	double until = end_seconds() + 10;
	unsigned int now;

	while ((now = descriptors()) != count && end_seconds() < until)
		usleep(1000);
	ck_assert_uint_eq(now, count);
}

static bool maps_have(const char *text)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	bool found = false;
	char line[512];

	while (!found && fgets(line, sizeof(line), maps))
		found = strstr(line, text) != NULL;
	fclose(maps);
	return found;
}

#define EXPECT(condition)                                                                                              \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: in the child: %s\n", __FILE__, __LINE__, #condition);                  \
			return 1;                                                                                      \
		}                                                                                                      \
	} while (0)

/* A child of fork, as the shim attaches it: the windows are there already. */
static int child_attaches(void)
{
	struct nommu_request request = { .length = 4096, .prot = PROT_READ | PROT_WRITE, .flags = MAP_PRIVATE };
	unsigned int before = descriptors();
	struct nommu_verdict verdict;
	struct nommu_board *own;
	struct nommu_why why;
	struct nommu_mm mm;
	void *token = NULL;
	int rc, status;
	pid_t pid;

	rc = attach_connect(hand.folder, &play_os, true, &own, &mm, &token, &why);
	if (rc)
		fprintf(stderr, "attach_connect: %s\n", why.text);
	EXPECT(rc == 0);
	EXPECT(descriptors() == before);
	EXPECT(token && maps_have(ATTACH_TOKEN_DIR));
	request.flags |= MAP_ANONYMOUS;
	EXPECT(nommu_mmap(own, &mm, &request, &verdict) == 0);
	EXPECT(nommu_board_has(own, verdict.addr));
	*(volatile char *)verdict.addr = 'x';
	pid = fork();
	if (pid == 0)
		_exit(maps_have(ATTACH_TOKEN_DIR)); /* the token must not be inherited */
	EXPECT(waitpid(pid, &status, 0) == pid && status == 0);
	return 0;
}

START_TEST(test_connect)
{
	char name[sizeof(ATTACH_TOKEN_DIR) + ATTACH_NAME_MAX] = "", answer;
	struct nommu_mm_info *infos;
	struct nommu_mm mm;
	size_t count;
	int pair[2];
	pid_t pid;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	mount_.ask = pair[1];
	pid = fork();
	if (pid == 0)
		_exit(child_attaches());
	ck_assert_int_gt(recv(pair[0], name, sizeof(name) - 1, 0), 0);
	answer = attach_server_claim(hand.server, name + strlen(ATTACH_TOKEN_DIR "/"), &mm) == 0;
	ck_assert_int_eq(answer, 1);
	ck_assert_int_eq(send(pair[0], &answer, 1, 0), 1);
	ck_assert_int_eq(end_status_of(pid), 0);
	/* The token holds the mm until it is released. */
	ck_assert_int_eq(nommu_mms(hand.board, &infos, &count), 0);
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(infos[0].pid, pid);
	ck_assert_uint_eq(infos[0].vmas, 1);
	free(infos);
	ck_assert_int_eq(nommu_mm_exit(hand.board, &mm), 0);
	ck_assert_uint_eq(end_mms(), 0);
	close(pair[0]);
	close(pair[1]);
}
END_TEST

/* Expect a failure that leaves neither descriptors nor an mm behind and says why in one line, which has @part in it. */
static void expect_failure_as(int error, const char *part)
{
	unsigned int before = descriptors();
	struct nommu_board *own = NULL;
	struct nommu_why why;
	struct nommu_mm mm;
	void *token = NULL;
	int rc;

	rc = attach_connect(hand.folder, &play_os, false, &own, &mm, &token, &why);
	ck_assert_msg(rc == error, "%d (%s), expected %d: %s", rc, strerrorname_np(-rc), error, why.text);
	ck_assert_uint_ne(why.text[0], '\0');
	ck_assert_ptr_null(strchr(why.text, '\n'));
	ck_assert_msg(strstr(why.text, part) != NULL, "'%s' is not in: %s", part, why.text);
	ck_assert_ptr_null(own);
	await_descriptors(before);
	end_await_mms(0);
}

static void expect_failure(int error)
{
	expect_failure_as(error, hand.folder);
}

START_TEST(test_connect_address_taken)
{
	/* This process has the board's windows mapped, so there is something in the way, and the engine says what. */
	mount_.here = true;
	expect_failure_as(-EEXIST, "nommu-ram");
}
END_TEST

START_TEST(test_connect_xattr_errors)
{
	static const struct {
		long answer;
		int error;
	} table[] = {
		{ -ENOTCONN, -ECONNREFUSED }, { -EACCES, -EACCES }, { -ENOENT, -ENOENT },  { -ENODATA, -ENOENT },
		{ -EOPNOTSUPP, -ENOENT },     { -ERANGE, -EPROTO }, { -ENOTDIR, -ENOENT },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		mount_.xattr_error = table[i].answer;
		expect_failure(table[i].error);
	}
	mount_.xattr_error = 0;
	strcpy(mount_.path, "relative/path");
	expect_failure(-EPROTO);
	mount_.path[0] = '\0';
	expect_failure(-EPROTO);
	snprintf(mount_.path, sizeof(mount_.path), "%s/nobody-listens", hand.folder);
	expect_failure(-ECONNREFUSED);
}
END_TEST

START_TEST(test_connect_server_gone)
{
	attach_server_close(hand.server);
	hand.server = NULL;
	expect_failure(-ECONNREFUSED);
}
END_TEST

START_TEST(test_connect_daemon_of_another_user)
{
	struct nommu_why why;

	mount_.forge_uid = true;
	mount_.daemon_uid = geteuid() + 1;
	expect_failure(-EACCES);
	mount_.daemon_uid = 0;
	ck_assert_msg(attach_probe(hand.folder, &play_os, &why) == 0, "%s", why.text);
	mount_.daemon_uid = geteuid();
	ck_assert_msg(attach_probe(hand.folder, &play_os, &why) == 0, "%s", why.text);
}
END_TEST

/* The windows are this child's already, so it gets as far as the token. */
static int child_without_token(void)
{
	unsigned int before = descriptors();
	struct nommu_board *own;
	struct nommu_why why;
	struct nommu_mm mm;
	void *token = NULL;

	EXPECT(attach_connect(hand.folder, &play_os, true, &own, &mm, &token, &why) == -ENOENT);
	EXPECT(why.text[0] && strstr(why.text, "token"));
	EXPECT(token == NULL);
	EXPECT(descriptors() == before);
	return 0;
}

START_TEST(test_connect_token_refused)
{
	pid_t pid;

	mount_.token_error = -ENOENT;
	pid = fork();
	if (pid == 0)
		_exit(child_without_token());
	ck_assert_int_eq(end_status_of(pid), 0);
	end_await_mms(0);
}
END_TEST

START_TEST(test_probe)
{
	struct nommu_why why;
	unsigned int before = descriptors();

	ck_assert_msg(attach_probe(hand.folder, &play_os, &why) == 0, "%s", why.text);
	await_descriptors(before);
	ck_assert_uint_eq(end_mms(), 0);
	mount_.xattr_error = -ENODATA;
	ck_assert_int_eq(attach_probe(hand.folder, &play_os, &why), -ENOENT);
}
END_TEST

/* ---- a daemon that misbehaves ------------------------------------------------------------------------------------ */

static struct {
	int listener;
	char packet[1024]; /* what it answers; beyond length 0: hangs up */
	size_t len;
	unsigned int fds; /* how many descriptors come along */
} rogue;

static void rogue_answer(int fd)
{
	char control[CMSG_SPACE(64 * sizeof(int))] = { 0 }, hello[128];
	struct iovec iov = { rogue.packet, rogue.len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	int fds[64];

	ck_assert_int_gt(recv(fd, hello, sizeof(hello), 0), 0);
	for (unsigned int i = 0; i < rogue.fds; i++)
		fds[i] = rogue.listener;
	if (rogue.fds) {
		struct cmsghdr *c;

		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(rogue.fds * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(rogue.fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, rogue.fds * sizeof(int));
	}
	ck_assert_int_ge(sendmsg(fd, &msg, MSG_NOSIGNAL), 0);
}

static int rogue_run(void)
{
	for (;;) {
		int fd = accept(rogue.listener, NULL, NULL);

		if (fd < 0)
			return 1;
		rogue_answer(fd);
		close(fd);
	}
}

/* The process meets this answer; it must refuse it. */
static void meet_rogue(const void *packet, size_t len, unsigned int fds, int error, const char *part)
{
	pid_t pid;

	memset(rogue.packet, 0, sizeof(rogue.packet));
	memcpy(rogue.packet, packet, len);
	rogue.len = len;
	rogue.fds = fds;
	pid = fork();
	if (pid == 0)
		_exit(rogue_run());
	expect_failure_as(error, part);
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

static void setup_rogue(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	setup_mount();
	snprintf(mount_.path, sizeof(mount_.path), "%s/rogue", hand.folder);
	strcpy(addr.sun_path, mount_.path);
	rogue.listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(rogue.listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	ck_assert_int_eq(listen(rogue.listener, 8), 0);
}

static void teardown_rogue(void)
{
	close(rogue.listener);
	unlink(mount_.path);
	end_teardown();
}

static struct wire_reply good_reply(void)
{
	return (struct wire_reply){ .magic = WIRE_MAGIC, .version = WIRE_VERSION, .fds = 2, .name = "token" };
}

START_TEST(test_rogue_lengths)
{
	struct wire_reply reply = good_reply();
	char packet[sizeof(reply) + 64] = { 0 };

	memcpy(packet, &reply, sizeof(reply));
	/* 0 bytes read as the end of the connection. */
	meet_rogue(packet, 0, 0, -ECONNREFUSED, "hung up");
	for (size_t len = 1; len <= sizeof(packet); len += len < 32 ? 1 : 37) {
		if (len != sizeof(reply))
			meet_rogue(packet, len, len % 5, -EPROTO, len < WIRE_HEAD ? "no nommufs" : "malformed");
	}
}
END_TEST

START_TEST(test_rogue_fields)
{
	struct wire_reply reply = good_reply();

	reply.magic++;
	meet_rogue(&reply, sizeof(reply), 2, -EPROTO, "no nommufs");
	reply = good_reply();
	reply.version++;
	meet_rogue(&reply, sizeof(reply), 2, -EPROTO, "version");
	reply = good_reply();
	reply.error = 5;
	meet_rogue(&reply, sizeof(reply), 2, -EPROTO, "malformed");
	reply = good_reply();
	reply.error = INT32_MIN;
	meet_rogue(&reply, sizeof(reply), 2, -EPROTO, "malformed");
	reply = good_reply();
	memset(reply.name, 'n', sizeof(reply.name));
	meet_rogue(&reply, sizeof(reply), 2, -EPROTO, "malformed");
	reply = good_reply();
	memset(reply.text, 't', sizeof(reply.text));
	meet_rogue(&reply, sizeof(reply), 2, -EPROTO, "malformed");
	reply = good_reply();
	strcpy(reply.name, "../../escape");
	meet_rogue(&reply, sizeof(reply), 2, -EPROTO, "malformed");
}
END_TEST

START_TEST(test_rogue_descriptors)
{
	struct wire_reply reply = good_reply();

	meet_rogue(&reply, sizeof(reply), 0, -EPROTO, "malformed");
	meet_rogue(&reply, sizeof(reply), 1, -EPROTO, "malformed");
	meet_rogue(&reply, sizeof(reply), 3, -EPROTO, "malformed");
	/* More than there is room for, which the kernel cuts off. */
	meet_rogue(&reply, sizeof(reply), 40, -EMFILE, "descriptor free");
	reply.fds = UINT32_MAX;
	meet_rogue(&reply, sizeof(reply), 2, -EPROTO, "malformed");
	/* As many as were named, but sockets instead of a board. */
	reply.fds = 2;
	meet_rogue(&reply, sizeof(reply), 2, -EPROTO, "board's");
	/* With an error none should come; they are closed all the same. */
	reply.error = -EMFILE;
	strcpy(reply.text, "full");
	meet_rogue(&reply, sizeof(reply), 2, -EMFILE, "full");
}
END_TEST

SUITE(attach_process)
{
	Suite *suite = suite_create("attach_process");
	TCase *process_end = tcase_create("process"), *rogues = tcase_create("rogue");

	tcase_add_checked_fixture(process_end, setup_mount, end_teardown);
	tcase_add_test(process_end, test_connect);
	tcase_add_test(process_end, test_connect_address_taken);
	tcase_add_test(process_end, test_connect_xattr_errors);
	tcase_add_test(process_end, test_connect_server_gone);
	tcase_add_test(process_end, test_connect_daemon_of_another_user);
	tcase_add_test(process_end, test_connect_token_refused);
	tcase_add_test(process_end, test_probe);
	suite_add_tcase(suite, process_end);

	tcase_add_checked_fixture(rogues, setup_rogue, teardown_rogue);
	tcase_add_test(rogues, test_rogue_lengths);
	tcase_add_test(rogues, test_rogue_fields);
	tcase_add_test(rogues, test_rogue_descriptors);
	suite_add_tcase(suite, rogues);
	return suite;
}
