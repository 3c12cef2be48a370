/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "attach_end.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "nommu.h"
#include "suites.h"

struct attach_end hand;

/* ---- the raw protocol ------------------------------------------------------------------------------------------ */

double end_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int end_dial(const char *path)
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

int end_dial_ok(void)
{
	int fd = end_dial(attach_server_path(hand.server));

	ck_assert_int_ge(fd, 0);
	return fd;
}

struct wire_hello end_hello(pid_t pid)
{
	return (struct wire_hello){ .magic = WIRE_MAGIC, .version = WIRE_VERSION, .pid = pid, .comm = "tester" };
}

struct heard end_hear(int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE((END_FDS_MAX + 1) * sizeof(int))];
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

void end_drop(struct heard *heard)
{
	for (unsigned int i = 0; i < heard->count; i++)
		close(heard->fds[i]);
	heard->count = 0;
}

/* A good hello; the connection, with the reply's name. */
int end_attach(char name[static ATTACH_NAME_MAX])
{
	struct wire_hello hello = end_hello(getpid());
	int fd = end_dial_ok();
	struct heard heard;

	ck_assert_int_eq(send(fd, &hello, sizeof(hello), 0), sizeof(hello));
	heard = end_hear(fd);
	ck_assert_int_eq(heard.len, sizeof(heard.reply));
	ck_assert_msg(heard.reply.error == 0, "refused: %s", heard.reply.text);
	ck_assert_uint_eq(heard.count, heard.reply.fds);
	ck_assert_uint_ge(heard.count, 2); /* the segment and the RAM */
	ck_assert_uint_gt(strlen(heard.reply.name), 20);
	memcpy(name, heard.reply.name, ATTACH_NAME_MAX);
	end_drop(&heard);
	return fd;
}

size_t end_mms(void)
{
	struct nommu_mm_info *infos;
	size_t count;

	ck_assert_int_eq(nommu_mms(hand.board, &infos, &count), 0);
	free(infos);
	return count;
}

void end_await_mms(size_t count)
{
	double end = end_seconds() + 10;

	while (end_mms() != count && end_seconds() < end)
		usleep(1000);
	ck_assert_uint_eq(end_mms(), count);
}

/* ---- fixture --------------------------------------------------------------------------------------------------- */

void end_setup(void)
{
	struct nommu_config config;
	struct nommu_why why;

	nommu_config_init(&config);
	config.ram = 4 << 20;
	config.mms = END_PROCESSES;
	ck_assert_msg(nommu_board_create(&config, NULL, &hand.board, &why) == 0, "%s", why.text);
	strcpy(hand.folder, "/tmp/nommu-attach-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(hand.folder));
	setenv("XDG_RUNTIME_DIR", hand.folder, 1);
	ck_assert_msg(attach_server_open(hand.board, &hand.server, &why) == 0, "%s", why.text);
}

static void remove_tokens(void)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/" ATTACH_TOKEN_DIR, hand.folder);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/" ATTACH_TOKEN_DIR "/%s", hand.folder, entry->d_name);
		unlink(path);
	}
	if (dir)
		closedir(dir);
	snprintf(path, sizeof(path), "%s/" ATTACH_TOKEN_DIR, hand.folder);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/proc", hand.folder);
	rmdir(path);
}

void end_teardown(void)
{
	if (hand.server)
		attach_server_close(hand.server);
	nommu_board_close(hand.board);
	remove_tokens();
	/* Fails if the server left its folder or socket. */
	ck_assert_int_eq(rmdir(hand.folder), 0);
}

int end_status_of(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}
