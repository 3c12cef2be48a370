/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * attach - both ends of the hand-over against each other, and each against an end that misbehaves.
 *
 * The mount is played by a folder and by an os table that answers getxattr and sees the token being opened; all else
 * is real: socket, descriptors, board.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "attach/attach.h"
#include "attach/wire.h"
#include "engine/os.h"
#include "nommu.h"
#include "suites.h"

#define FDS_MAX (NOMMU_WINDOWS_MAX + 1)
#define NOBODY  65534

static struct nommu_board *board;
static struct attach_server *server;
static char folder[PATH_MAX]; /* plays the mount's root; the server's folder lies in it too */

/* ---- the raw protocol ------------------------------------------------------------------------------------------ */

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int dial(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = 20 };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strcpy(addr.sun_path, path);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		int error = errno;

		close(fd);
		return -error;
	}
	return fd;
}

static int dial_ok(void)
{
	int fd = dial(attach_server_path(server));

	ck_assert_int_ge(fd, 0);
	return fd;
}

static struct wire_hello hello_of(pid_t pid)
{
	return (struct wire_hello){ .magic = WIRE_MAGIC, .version = WIRE_VERSION, .pid = pid, .comm = "tester" };
}

struct heard {
	ssize_t len;
	struct wire_reply reply;
	int fds[FDS_MAX + 1];
	unsigned int count;
};

static struct heard hear(int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE((FDS_MAX + 1) * sizeof(int))];
	} control;
	struct heard heard = { .len = 0 };
	struct iovec iov = { &heard.reply, sizeof(heard.reply) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes };
	struct cmsghdr *c;

	msg.msg_controllen = sizeof(control);
	heard.len = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	c = heard.len < 0 ? NULL : CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_type == SCM_RIGHTS) {
		heard.count = (unsigned int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(heard.fds, CMSG_DATA(c), heard.count * sizeof(int));
	}
	return heard;
}

static void drop(struct heard *heard)
{
	for (unsigned int i = 0; i < heard->count; i++)
		close(heard->fds[i]);
	heard->count = 0;
}

/* A good hello; the connection, with the reply's name. */
static int attach_raw(char name[static ATTACH_NAME_MAX])
{
	struct wire_hello hello = hello_of(getpid());
	int fd = dial_ok();
	struct heard heard;

	ck_assert_int_eq(send(fd, &hello, sizeof(hello), 0), sizeof(hello));
	heard = hear(fd);
	ck_assert_int_eq(heard.len, sizeof(heard.reply));
	ck_assert_msg(heard.reply.error == 0, "refused: %s", heard.reply.text);
	ck_assert_uint_eq(heard.count, heard.reply.fds);
	ck_assert_uint_ge(heard.count, 2); /* the segment and the RAM */
	ck_assert_uint_gt(strlen(heard.reply.name), 20);
	memcpy(name, heard.reply.name, ATTACH_NAME_MAX);
	drop(&heard);
	return fd;
}

static size_t mms(void)
{
	struct nommu_mm_info *infos;
	size_t count;

	ck_assert_int_eq(nommu_mms(board, &infos, &count), 0);
	free(infos);
	return count;
}

static void await_mms(size_t count)
{
	double end = seconds() + 10;

	while (mms() != count && seconds() < end)
		usleep(1000);
	ck_assert_uint_eq(mms(), count);
}

/* Send this and expect the refusal, then the end. */
static void expect_refusal(const void *packet, size_t len, int error)
{
	int fd = dial_ok();
	struct heard heard;

	ck_assert_int_eq(send(fd, packet, len, MSG_NOSIGNAL), (ssize_t)len);
	heard = hear(fd);
	ck_assert_msg(heard.len == sizeof(heard.reply), "%zu bytes: an answer of %zd bytes", len, heard.len);
	ck_assert_msg(heard.reply.error == error, "%zu bytes: %d, not %d: %s", len, heard.reply.error, error,
		      heard.reply.text);
	ck_assert_uint_eq(heard.reply.magic, WIRE_MAGIC);
	ck_assert_uint_eq(heard.reply.version, WIRE_VERSION);
	ck_assert_uint_eq(heard.count, 0);
	ck_assert_uint_ne(heard.reply.text[0], '\0');
	ck_assert_ptr_nonnull(memchr(heard.reply.text, '\0', sizeof(heard.reply.text)));
	ck_assert_ptr_null(strchr(heard.reply.text, '\n'));
	ck_assert_int_eq(hear(fd).len, 0);
	close(fd);
	ck_assert_uint_eq(mms(), 0);
}

/* ---- fixture --------------------------------------------------------------------------------------------------- */

static void open_board(uint32_t processes)
{
	struct nommu_config config;
	struct nommu_why why;

	nommu_config_init(&config);
	config.ram = 4 << 20;
	config.mms = processes;
	ck_assert_msg(nommu_board_create(&config, NULL, &board, &why) == 0, "%s", why.text);
	strcpy(folder, "/tmp/nommu-attach-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	setenv("XDG_RUNTIME_DIR", folder, 1);
	ck_assert_msg(attach_server_open(board, &server, &why) == 0, "%s", why.text);
}

static void setup(void)
{
	open_board(64);
}

static void remove_tokens(void)
{
	char path[2 * PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/" ATTACH_TOKEN_DIR, folder);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/" ATTACH_TOKEN_DIR "/%s", folder, entry->d_name);
		unlink(path);
	}
	if (dir)
		closedir(dir);
	snprintf(path, sizeof(path), "%s/" ATTACH_TOKEN_DIR, folder);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/proc", folder);
	rmdir(path);
}

static void teardown(void)
{
	if (server)
		attach_server_close(server);
	nommu_board_close(board);
	remove_tokens();
	/* Fails if the server left its folder or socket. */
	ck_assert_int_eq(rmdir(folder), 0);
}

/* ---- the daemon's end ------------------------------------------------------------------------------------------ */

START_TEST(test_socket_is_private)
{
	char dir[PATH_MAX];
	struct stat st;

	strcpy(dir, attach_server_path(server));
	ck_assert_int_eq(strncmp(dir, folder, strlen(folder)), 0);
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
	unsigned char packet[4096];
	char name[ATTACH_NAME_MAX];
	unsigned int seed = 1;

	for (size_t len = 0; len <= 2 * sizeof(struct wire_hello); len++) {
		for (size_t i = 0; i < len; i++)
			packet[i] = (unsigned char)((seed = seed * 1103515245u + 12345u) >> 16);
		expect_refusal(packet, len, -EPROTO);
	}
	memset(packet, 0, sizeof(packet));
	expect_refusal(packet, sizeof(packet), -EPROTO);
	close(attach_raw(name));
	await_mms(0);
}
END_TEST

START_TEST(test_hello_of_every_length)
{
	char packet[sizeof(struct wire_hello) + 40] = { 0 };
	struct wire_hello hello = hello_of(getpid());

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
		struct wire_hello hello = hello_of(getpid());

		((unsigned char *)&hello)[i] ^= 0x40;
		expect_refusal(&hello, sizeof(hello), -EPROTO);
	}
}
END_TEST

START_TEST(test_version_is_named)
{
	struct wire_hello hello = hello_of(getpid());
	struct heard heard;
	int fd = dial_ok();

	hello.version = 77;
	/* Only the head is common to all versions. */
	ck_assert_int_eq(send(fd, &hello, WIRE_HEAD, 0), WIRE_HEAD);
	heard = hear(fd);
	ck_assert_int_eq(heard.reply.error, -EPROTO);
	ck_assert_ptr_nonnull(strstr(heard.reply.text, "77"));
	close(fd);
}
END_TEST

START_TEST(test_bad_fields)
{
	struct wire_hello hello = hello_of(getpid());

	hello.flags = 0x80000000u;
	expect_refusal(&hello, sizeof(hello), -EPROTO);
	hello = hello_of(getpid());
	memset(hello.comm, 'x', sizeof(hello.comm));
	expect_refusal(&hello, sizeof(hello), -EPROTO);
}
END_TEST

START_TEST(test_descriptors_sent_are_dropped)
{
	struct wire_hello hello = hello_of(getpid());
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte;
	struct iovec iov = { &hello, sizeof(hello) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control };
	struct cmsghdr *c;
	struct heard heard;
	int fd = dial_ok(), ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	msg.msg_controllen = sizeof(control);
	c = CMSG_FIRSTHDR(&msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &ends[1], sizeof(int));
	ck_assert_int_eq(sendmsg(fd, &msg, 0), sizeof(hello));
	close(ends[1]);
	heard = hear(fd);
	ck_assert_int_eq(heard.reply.error, 0);
	drop(&heard);
	/* Ends only if nobody holds the other end. */
	ck_assert_int_eq(read(ends[0], &byte, 1), 0);
	close(ends[0]);
	close(fd);
	await_mms(0);
}
END_TEST

START_TEST(test_silent_clients_block_nobody)
{
	enum { SILENT = 200 }; /* more than the server has room for */
	char name[ATTACH_NAME_MAX];
	int fds[SILENT];
	double begin;

	for (int i = 0; i < SILENT; i++)
		fds[i] = dial_ok();
	begin = seconds();
	close(attach_raw(name));
	/* A silent client has 5 s. */
	ck_assert_double_lt(seconds() - begin, 4);
	for (int i = 0; i < SILENT; i++)
		close(fds[i]);
	await_mms(0);
}
END_TEST

START_TEST(test_end_before_claim_ends_mm)
{
	char name[ATTACH_NAME_MAX];
	struct nommu_mm mm;
	int fd = attach_raw(name);

	ck_assert_uint_eq(mms(), 1);
	ck_assert(attach_server_has(server, name));
	close(fd);
	await_mms(0);
	ck_assert(!attach_server_has(server, name));
	ck_assert_int_eq(attach_server_claim(server, name, &mm), -ENOENT);
}
END_TEST

START_TEST(test_claim_once_and_for_good)
{
	char name[ATTACH_NAME_MAX], other[ATTACH_NAME_MAX];
	struct nommu_mm mm, again;
	int fd = attach_raw(name), second = attach_raw(other);

	ck_assert_str_ne(name, other);
	ck_assert_int_eq(attach_server_claim(server, "", &mm), -ENOENT);
	ck_assert_int_eq(attach_server_claim(server, "no-such-name", &mm), -ENOENT);
	ck_assert_int_eq(attach_server_claim(server, name, &mm), 0);
	ck_assert_int_eq(attach_server_claim(server, name, &again), -ENOENT);
	ck_assert(!attach_server_has(server, name));
	ck_assert(attach_server_has(server, other));
	close(fd);
	close(second);
	await_mms(1);
	/* The one that is left is the one that was claimed. */
	ck_assert_int_eq(nommu_mm_exit(board, &mm), 0);
	ck_assert_uint_eq(mms(), 0);
}
END_TEST

START_TEST(test_a_word_too_many)
{
	struct wire_hello hello = hello_of(getpid());
	char name[ATTACH_NAME_MAX];
	int fd = attach_raw(name);

	ck_assert_int_eq(send(fd, &hello, sizeof(hello), 0), sizeof(hello));
	await_mms(0);
	ck_assert_int_eq(hear(fd).len, 0);
	close(fd);
}
END_TEST

START_TEST(test_closing_ends_what_waits)
{
	char name[ATTACH_NAME_MAX], other[ATTACH_NAME_MAX];
	int fd = attach_raw(name), second = attach_raw(other);
	struct nommu_mm mm;

	ck_assert_int_eq(attach_server_claim(server, name, &mm), 0);
	attach_server_close(server);
	server = NULL;
	ck_assert_uint_eq(mms(), 1); /* the claimed one stays */
	ck_assert_int_eq(nommu_mm_exit(board, &mm), 0);
	close(fd);
	close(second);
}
END_TEST

START_TEST(test_probe_makes_nothing)
{
	struct wire_hello hello = hello_of(getpid());
	struct heard heard;
	int fd = dial_ok();

	hello.flags = WIRE_PROBE;
	ck_assert_int_eq(send(fd, &hello, sizeof(hello), 0), sizeof(hello));
	heard = hear(fd);
	ck_assert_int_eq(heard.len, sizeof(heard.reply));
	ck_assert_int_eq(heard.reply.error, 0);
	ck_assert_uint_eq(heard.count, 0);
	ck_assert_int_eq(hear(fd).len, 0);
	ck_assert_uint_eq(mms(), 0);
	close(fd);
}
END_TEST

START_TEST(test_few_descriptors)
{
	struct rlimit limit;
	char name[ATTACH_NAME_MAX];
	int fd = dial_ok();

	close(fd);
	/* poll refuses more entries than this, accept more descriptors. */
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = (rlim_t)fd + 12;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	for (int i = 0; i < 5; i++)
		close(attach_raw(name));
	await_mms(0);
}
END_TEST

START_TEST(test_a_full_board)
{
	struct wire_hello hello = hello_of(getpid());
	char name[ATTACH_NAME_MAX];
	int fds[1024], n = 0;
	struct heard heard;

	/* As many as the board takes, at least what was asked. */
	for (;;) {
		fds[n] = dial_ok();
		ck_assert_int_eq(send(fds[n], &hello, sizeof(hello), 0), sizeof(hello));
		heard = hear(fds[n++]);
		drop(&heard);
		if (heard.reply.error)
			break;
		ck_assert_int_lt(n, 100);
	}
	ck_assert_int_eq(heard.reply.error, -EMFILE);
	ck_assert_int_eq(n, 64 + 1);
	close(fds[0]);
	await_mms(63);
	fds[0] = attach_raw(name);
	for (int i = 0; i < n; i++)
		close(fds[i]);
	await_mms(0);
}
END_TEST

/* ---- who may ---------------------------------------------------------------------------------------------------- */

START_TEST(test_another_pid_is_another_namespace)
{
	struct wire_hello hello = hello_of(getpid() + 1);
	struct stat ns;

	expect_refusal(&hello, sizeof(hello), -EPERM);
	hello = hello_of(getpid());
	ck_assert_int_eq(stat("/proc/self/ns/pid", &ns), 0);
	hello.pidns = ns.st_ino + 1;
	expect_refusal(&hello, sizeof(hello), -EPERM);
}
END_TEST

/* In a child: say hello and return the answer's error, positive; 255 for anything else. */
static int refused_with(void)
{
	struct wire_hello hello = hello_of((pid_t)syscall(SYS_getpid));
	int fd = dial(attach_server_path(server));
	struct heard heard;

	if (fd < 0)
		return -fd;
	if (send(fd, &hello, sizeof(hello), 0) != (ssize_t)sizeof(hello))
		return 255;
	heard = hear(fd);
	return heard.len == (ssize_t)sizeof(heard.reply) && heard.count == 0 && heard.reply.error <= 0
		       ? -heard.reply.error
		       : 255;
}

static int status_of(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
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
	status = status_of(pid);
	/* Where nobody may make a namespace there is no such peer either; a wrong number stands for it above. */
	ck_assert_msg(status == EPERM || (status == 0 && geteuid() != 0), "%d", status);
	ck_assert_uint_eq(mms(), 0);
}
END_TEST

static int as_nobody(void)
{
	if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
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
		ck_assert_int_eq(status_of(pid), 253);
		return;
	}
	ck_assert_int_eq(status_of(pid), EACCES);
	strcpy(dir, attach_server_path(server));
	ck_assert_int_eq(chmod(dir, 0777), 0);
	*strrchr(dir, '/') = '\0';
	ck_assert_int_eq(chmod(dir, 0711), 0);
	ck_assert_int_eq(chmod(folder, 0711), 0);
	pid = fork();
	if (pid == 0)
		_exit(as_nobody());
	ck_assert_int_eq(status_of(pid), EACCES);
	ck_assert_uint_eq(mms(), 0);
	pid = fork();
	if (pid == 0)
		_exit(refused_with());
	ck_assert_int_eq(status_of(pid), 0);
	await_mms(0);
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
	ck_assert_msg(attach_server_open(board, &second, &why) == 0, "%s", why.text);
	ck_assert_int_eq(strncmp(attach_server_path(second), "/tmp/", 5), 0);
	attach_server_close(second);
}
END_TEST

/* ---- the process's end ------------------------------------------------------------------------------------------- */

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
		answer = attach_server_claim(server, path + strlen(ATTACH_TOKEN_DIR "/"), &mm) == 0;
	else if (send(mount_.ask, path, strlen(path) + 1, 0) < 0 || recv(mount_.ask, &answer, 1, 0) != 1)
		return -EIO;
	if (!answer)
		return -ENOENT;
	snprintf(local, sizeof(local), "%s/proc", folder);
	mkdir(local, 0700);
	snprintf(local, sizeof(local), "%s/%s", folder, ATTACH_TOKEN_DIR);
	mkdir(local, 0700);
	return os_syscall(SYS_openat, dir, (long)path, O_RDWR | O_CREAT | O_CLOEXEC, 0600, 0, 0);
}

static long play_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	if (number == SYS_getxattr && strcmp((const char *)a, folder) == 0) {
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
	setup();
	play_os = os_host;
	play_os.syscall = play_syscall;
	memset(&mount_, 0, sizeof(mount_));
	strcpy(mount_.path, attach_server_path(server));
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

	rc = attach_connect(folder, &play_os, true, &own, &mm, &token, &why);
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
	answer = attach_server_claim(server, name + strlen(ATTACH_TOKEN_DIR "/"), &mm) == 0;
	ck_assert_int_eq(answer, 1);
	ck_assert_int_eq(send(pair[0], &answer, 1, 0), 1);
	ck_assert_int_eq(status_of(pid), 0);
	/* The token holds the mm until it is released. */
	ck_assert_int_eq(nommu_mms(board, &infos, &count), 0);
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(infos[0].pid, pid);
	ck_assert_uint_eq(infos[0].vmas, 1);
	free(infos);
	ck_assert_int_eq(nommu_mm_exit(board, &mm), 0);
	ck_assert_uint_eq(mms(), 0);
	close(pair[0]);
	close(pair[1]);
}
END_TEST

/* Expect a failure that leaves neither descriptors nor an mm behind and says why in one line. */
static void expect_failure(int error)
{
	unsigned int before = descriptors();
	struct nommu_board *own = NULL;
	struct nommu_why why;
	struct nommu_mm mm;
	void *token = NULL;
	int rc;

	rc = attach_connect(folder, &play_os, false, &own, &mm, &token, &why);
	ck_assert_msg(rc == error, "%d (%s), expected %d: %s", rc, strerrorname_np(-rc), error, why.text);
	ck_assert_uint_ne(why.text[0], '\0');
	ck_assert_ptr_null(strchr(why.text, '\n'));
	ck_assert_ptr_null(own);
	ck_assert_uint_eq(descriptors(), before);
	await_mms(0);
}

START_TEST(test_connect_address_taken)
{
	struct nommu_board *own = NULL;
	struct nommu_why why;
	struct nommu_mm mm;
	void *token;

	/* This process has the board's windows mapped, so there is something in the way. */
	mount_.here = true;
	expect_failure(-EEXIST);
	ck_assert_int_eq(attach_connect(folder, &play_os, false, &own, &mm, &token, &why), -EEXIST);
	ck_assert_msg(strstr(why.text, "60000000"), "%s", why.text);
	await_mms(0);
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
	snprintf(mount_.path, sizeof(mount_.path), "%s/nobody-listens", folder);
	expect_failure(-ECONNREFUSED);
}
END_TEST

START_TEST(test_connect_server_gone)
{
	attach_server_close(server);
	server = NULL;
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
	ck_assert_msg(attach_probe(folder, &play_os, &why) == 0, "%s", why.text);
	mount_.daemon_uid = geteuid();
	ck_assert_msg(attach_probe(folder, &play_os, &why) == 0, "%s", why.text);
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

	EXPECT(attach_connect(folder, &play_os, true, &own, &mm, &token, &why) == -ENOENT);
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
	ck_assert_int_eq(status_of(pid), 0);
	await_mms(0);
}
END_TEST

START_TEST(test_probe)
{
	struct nommu_why why;
	unsigned int before = descriptors();

	ck_assert_msg(attach_probe(folder, &play_os, &why) == 0, "%s", why.text);
	ck_assert_uint_eq(descriptors(), before);
	ck_assert_uint_eq(mms(), 0);
	mount_.xattr_error = -ENODATA;
	ck_assert_int_eq(attach_probe(folder, &play_os, &why), -ENOENT);
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
static void meet_rogue(const void *packet, size_t len, unsigned int fds, int error)
{
	pid_t pid;

	memset(rogue.packet, 0, sizeof(rogue.packet));
	memcpy(rogue.packet, packet, len);
	rogue.len = len;
	rogue.fds = fds;
	pid = fork();
	if (pid == 0)
		_exit(rogue_run());
	expect_failure(error);
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

static void setup_rogue(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	setup_mount();
	snprintf(mount_.path, sizeof(mount_.path), "%s/rogue", folder);
	strcpy(addr.sun_path, mount_.path);
	rogue.listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(rogue.listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	ck_assert_int_eq(listen(rogue.listener, 8), 0);
}

static void teardown_rogue(void)
{
	close(rogue.listener);
	unlink(mount_.path);
	teardown();
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
	meet_rogue(packet, 0, 0, -ECONNREFUSED);
	for (size_t len = 1; len <= sizeof(packet); len += len < 32 ? 1 : 37) {
		if (len != sizeof(reply))
			meet_rogue(packet, len, len % 5, -EPROTO);
	}
}
END_TEST

START_TEST(test_rogue_fields)
{
	struct wire_reply reply = good_reply();

	reply.magic++;
	meet_rogue(&reply, sizeof(reply), 2, -EPROTO);
	reply = good_reply();
	reply.version++;
	meet_rogue(&reply, sizeof(reply), 2, -EPROTO);
	reply = good_reply();
	reply.error = 5;
	meet_rogue(&reply, sizeof(reply), 2, -EPROTO);
	reply = good_reply();
	reply.error = INT32_MIN;
	meet_rogue(&reply, sizeof(reply), 2, -EPROTO);
	reply = good_reply();
	memset(reply.name, 'n', sizeof(reply.name));
	meet_rogue(&reply, sizeof(reply), 2, -EPROTO);
	reply = good_reply();
	memset(reply.text, 't', sizeof(reply.text));
	meet_rogue(&reply, sizeof(reply), 2, -EPROTO);
	reply = good_reply();
	strcpy(reply.name, "../../escape");
	meet_rogue(&reply, sizeof(reply), 2, -EPROTO);
}
END_TEST

START_TEST(test_rogue_descriptors)
{
	struct wire_reply reply = good_reply();

	meet_rogue(&reply, sizeof(reply), 0, -EPROTO);
	meet_rogue(&reply, sizeof(reply), 1, -EPROTO);
	meet_rogue(&reply, sizeof(reply), 3, -EPROTO);
	/* More than there is room for, which the kernel cuts off. */
	meet_rogue(&reply, sizeof(reply), 40, -EMFILE);
	reply.fds = UINT32_MAX;
	meet_rogue(&reply, sizeof(reply), 2, -EPROTO);
	/* As many as were named, but sockets instead of a board. */
	reply.fds = 2;
	meet_rogue(&reply, sizeof(reply), 2, -EPROTO);
	/* With an error none should come; they are closed all the same. */
	reply.error = -EMFILE;
	strcpy(reply.text, "full");
	meet_rogue(&reply, sizeof(reply), 2, -EMFILE);
}
END_TEST

SUITE(attach)
{
	Suite *suite = suite_create("attach");
	TCase *daemon_end = tcase_create("daemon"), *process_end = tcase_create("process");
	TCase *rogues = tcase_create("rogue");

	tcase_add_checked_fixture(daemon_end, setup, teardown);
	tcase_add_test(daemon_end, test_socket_is_private);
	tcase_add_test(daemon_end, test_garbage_of_every_length);
	tcase_add_test(daemon_end, test_hello_of_every_length);
	tcase_add_test(daemon_end, test_every_byte_of_the_head);
	tcase_add_test(daemon_end, test_version_is_named);
	tcase_add_test(daemon_end, test_bad_fields);
	tcase_add_test(daemon_end, test_descriptors_sent_are_dropped);
	tcase_add_test(daemon_end, test_silent_clients_block_nobody);
	tcase_add_test(daemon_end, test_end_before_claim_ends_mm);
	tcase_add_test(daemon_end, test_claim_once_and_for_good);
	tcase_add_test(daemon_end, test_a_word_too_many);
	tcase_add_test(daemon_end, test_closing_ends_what_waits);
	tcase_add_test(daemon_end, test_probe_makes_nothing);
	tcase_add_test(daemon_end, test_few_descriptors);
	tcase_add_test(daemon_end, test_a_full_board);
	tcase_add_test(daemon_end, test_another_pid_is_another_namespace);
	tcase_add_test(daemon_end, test_pid_namespace);
	tcase_add_test(daemon_end, test_another_user);
	tcase_add_test(daemon_end, test_long_runtime_dir);
	suite_add_tcase(suite, daemon_end);

	tcase_add_checked_fixture(process_end, setup_mount, teardown);
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
