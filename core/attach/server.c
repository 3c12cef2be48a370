/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * server - the daemon's end of the hand-over: a socket in a private directory, and one thread that polls it and all
 * connections together, so that a silent client costs the others nothing.
 *
 * A connection says hello within HELLO_MS, gets the board and a token's name, and then stands for its mm until the
 * token is claimed; it has TOKEN_MS for that. Nothing that a client sends is trusted.
 *
 * Not here: the token files (the daemon's tree) and what happens when a claimed token is released.
 *
 * Locking: `lock` guards what claims from other threads touch: of a connection claimable, name and mm. All else
 * belongs to the serving thread.
 */
#include "attach/attach.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "attach/folder.h"
#include "attach/peer.h"
#include "attach/wire.h"

#define CONN_MAX   128
#define HELLO_MS   5000
#define TOKEN_MS   60000
#define RETRY_MS   20  /* between tries of what the board's lock stopped, and after accept found no descriptor */
#define LOCK_MS    100 /* one wait for the board's lock */
#define LOCK_TRY   20  /* so many of these at most while a client waits */
#define NAME_BYTES ((ATTACH_NAME_MAX - 1) / 2)

enum conn_state {
	CONN_FREE = 0,
	CONN_HELLO,  /* nothing heard yet */
	CONN_TOKEN,  /* it has an mm; the client's end is awaited */
	CONN_ENDING, /* closed, the mm could not be ended yet: the board's lock is held */
};

struct conn {
	enum conn_state state;
	int fd;
	int poll; /* index into polls; -1: not polled */
	int64_t deadline;
	bool claimable; /* the mm is the connection's until it is claimed */
	struct nommu_mm mm;
	char name[ATTACH_NAME_MAX];
};

struct attach_server {
	struct nommu_board *board;
	int listen_fd;
	int wake_fd; /* readable: the thread is to end */
	pthread_t thread;
	pthread_mutex_t lock;
	struct peer_self self;
	int64_t accept_after; /* no descriptor was free: not before */
	struct folder folder; /* path "": none yet */
	struct sockaddr_un addr;
	struct conn conns[CONN_MAX];
	struct pollfd polls[CONN_MAX + 2]; /* the wake-up, the listener, the open connections */
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- connections ----------------------------------------------------------------------------------------------- */

static void conn_end_mm(struct attach_server *s, struct conn *c)
{
	c->state = nommu_mm_exit(s->board, &c->mm) == -EAGAIN ? CONN_ENDING : CONN_FREE;
}

/* Close it. An mm that nobody claimed goes with it, now or as soon as the board's lock can be had. */
static void conn_close(struct attach_server *s, struct conn *c)
{
	bool end;

	pthread_mutex_lock(&s->lock);
	end = c->claimable;
	c->claimable = false;
	pthread_mutex_unlock(&s->lock);
	close(c->fd);
	c->state = CONN_FREE;
	if (end)
		conn_end_mm(s, c);
}

/* A free connection; if there is none, that of the client that has been silent for longest. */
static struct conn *conn_get(struct attach_server *s)
{
	struct conn *oldest = NULL;

	for (int i = 0; i < CONN_MAX; i++) {
		struct conn *c = &s->conns[i];

		if (c->state == CONN_FREE)
			return c;
		if (c->state == CONN_HELLO && (!oldest || c->deadline < oldest->deadline))
			oldest = c;
	}
	if (oldest)
		conn_close(s, oldest); /* has no mm, so it is free at once */
	return oldest;
}

/* ---- the hello ------------------------------------------------------------------------------------------------- */

static int make_name(char name[static ATTACH_NAME_MAX])
{
	unsigned char bytes[NAME_BYTES];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return -EIO;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(name + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

static int make_mm(struct attach_server *s, const struct ucred *peer, const char *comm, struct nommu_mm *mm,
		   char text[static WIRE_TEXT])
{
	int rc = -EAGAIN;

	for (int i = 0; rc == -EAGAIN && i < LOCK_TRY; i++) {
		rc = nommu_mm_create(s->board, peer->pid, comm, mm);
		if (rc == -EAGAIN)
			nommu_board_wait(s->board, LOCK_MS);
	}
	if (rc == -EMFILE)
		return peer_fail(text, rc, "the board has no room for one more process");
	if (rc == -EAGAIN)
		return peer_fail(text, rc,
				 "the board's lock is held by a process that does not go on (stopped or traced?)");
	if (rc < 0)
		return peer_fail(text, rc, "the board takes no process: %s", strerror(-rc));
	return 0;
}

/* What the hello asks for. On success the connection holds an mm with a token's name, except for a probe. */
static int admit(struct attach_server *s, struct conn *c, ssize_t len, const struct wire_hello *hello,
		 struct wire_reply *reply)
{
	struct ucred peer = { 0 };
	struct nommu_mm mm;
	int rc;

	rc = peer_check(&s->self, c->fd, hello, len, &peer, reply->text);
	if (rc < 0 || hello->flags & WIRE_PROBE)
		return rc;
	if (make_name(reply->name) < 0)
		return peer_fail(reply->text, -EIO, "no random numbers for a token's name");
	rc = make_mm(s, &peer, hello->comm, &mm, reply->text);
	if (rc < 0)
		return rc;
	reply->slot = mm.slot;
	reply->generation = mm.generation;
	/* Before the reply goes out: the token may be opened the moment it is read. */
	pthread_mutex_lock(&s->lock);
	c->mm = mm;
	memcpy(c->name, reply->name, sizeof(c->name));
	c->claimable = true;
	pthread_mutex_unlock(&s->lock);
	c->state = CONN_TOKEN;
	c->deadline = now_ms() + TOKEN_MS;
	return 0;
}

static int send_reply(const struct attach_server *s, const struct conn *c, struct wire_reply *reply)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE((NOMMU_WINDOWS_MAX + 1) * sizeof(int))];
	} control = { 0 };
	struct iovec iov = { .iov_base = reply, .iov_len = sizeof(*reply) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	int fds[NOMMU_WINDOWS_MAX + 1];

	if (c->state == CONN_TOKEN) {
		int n = nommu_board_fds(s->board, fds);
		size_t bytes = (size_t)n * sizeof(int);

		if (n <= 0)
			return -EIO;
		reply->fds = (uint32_t)n;
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(bytes);
		memcpy(CMSG_DATA(&control.head), fds, bytes);
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(bytes);
	}
	return sendmsg(c->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

static void conn_hello(struct attach_server *s, struct conn *c)
{
	struct wire_reply reply = { .magic = WIRE_MAGIC, .version = WIRE_VERSION };
	struct wire_hello hello = { 0 };
	ssize_t len;

	/* Without a control buffer the kernel drops what descriptors came along. */
	len = recv(c->fd, &hello, sizeof(hello), MSG_TRUNC | MSG_DONTWAIT);
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len < 0) {
		conn_close(s, c);
		return;
	}
	reply.error = admit(s, c, len, &hello, &reply);
	if (send_reply(s, c, &reply) < 0 || c->state != CONN_TOKEN)
		conn_close(s, c);
}

/* ---- the loop -------------------------------------------------------------------------------------------------- */

static void accept_one(struct attach_server *s)
{
	struct conn *c = conn_get(s);
	int fd;

	if (!c) {
		s->accept_after = now_ms() + RETRY_MS;
		return;
	}
	fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			s->accept_after = now_ms() + RETRY_MS;
		return;
	}
	c->fd = fd;
	c->poll = -1;
	c->deadline = now_ms() + HELLO_MS;
	c->state = CONN_HELLO;
}

static void min_wait(int *timeout, int64_t ms)
{
	if (ms < 0)
		ms = 0;
	if (*timeout < 0 || ms < *timeout)
		*timeout = (int)ms;
}

/* Fill in what to poll: open descriptors alone, since poll takes no more entries than RLIMIT_NOFILE. Returns how many,
 * and for how long at most. */
static nfds_t prepare(struct attach_server *s, int64_t now, int *timeout)
{
	nfds_t n = 2;

	*timeout = -1;
	s->polls[0] = (struct pollfd){ .fd = s->wake_fd, .events = POLLIN };
	s->polls[1] = (struct pollfd){ .fd = s->listen_fd, .events = POLLIN };
	if (now < s->accept_after) {
		s->polls[1].fd = -1;
		min_wait(timeout, s->accept_after - now);
	}
	for (int i = 0; i < CONN_MAX; i++) {
		struct conn *c = &s->conns[i];

		if (c->state == CONN_ENDING)
			min_wait(timeout, RETRY_MS);
		if (c->state != CONN_HELLO && c->state != CONN_TOKEN)
			continue;
		min_wait(timeout, c->deadline - now);
		c->poll = (int)n;
		s->polls[n++] = (struct pollfd){ .fd = c->fd, .events = POLLIN };
	}
	return n;
}

static void conn_run(struct attach_server *s, struct conn *c, int64_t now)
{
	bool ready;

	if (c->state == CONN_FREE)
		return;
	if (c->state == CONN_ENDING) {
		conn_end_mm(s, c);
		return;
	}
	ready = s->polls[c->poll].revents != 0;
	if (ready && c->state == CONN_HELLO)
		conn_hello(s, c);
	else if (ready || now >= c->deadline)
		conn_close(s, c); /* its end, or a word too many: either way it is done */
}

static void *serve(void *arg)
{
	struct attach_server *s = arg;

	for (;;) {
		int timeout;
		nfds_t n = prepare(s, now_ms(), &timeout);
		int64_t now;

		if (poll(s->polls, n, timeout) < 0)
			continue;
		if (s->polls[0].revents)
			return NULL;
		now = now_ms();
		for (int i = 0; i < CONN_MAX; i++)
			conn_run(s, &s->conns[i], now);
		if (s->polls[1].revents)
			accept_one(s);
	}
}

/* ---- open and close -------------------------------------------------------------------------------------------- */

static int make_socket(struct attach_server *s, struct nommu_why *why)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	int rc = -ENOENT;

	if (runtime && runtime[0] == '/')
		rc = folder_make(&s->folder, runtime);
	if (rc < 0)
		rc = folder_make(&s->folder, "/tmp");
	if (rc < 0) {
		s->folder.path[0] = '\0';
		return peer_fail(why->text, rc, "cannot make a directory for the board's socket in /tmp: %s",
				 strerror(-rc));
	}
	s->addr.sun_family = AF_UNIX;
	snprintf(s->addr.sun_path, sizeof(s->addr.sun_path), "%s/%s", s->folder.path, FOLDER_SOCKET);
	s->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->listen_fd < 0)
		return peer_fail(why->text, -errno, "cannot make the board's socket: %s", strerror(errno));
	if (bind(s->listen_fd, (const struct sockaddr *)&s->addr, sizeof(s->addr)) < 0)
		return peer_fail(why->text, -errno, "cannot bind the board's socket to %s: %s", s->addr.sun_path,
				 strerror(errno));
	if (listen(s->listen_fd, SOMAXCONN) < 0)
		return peer_fail(why->text, -errno, "cannot listen at %s: %s", s->addr.sun_path, strerror(errno));
	return 0;
}

static int start_thread(struct attach_server *s, struct nommu_why *why)
{
	sigset_t all, old;
	int rc;

	s->wake_fd = eventfd(0, EFD_CLOEXEC);
	if (s->wake_fd < 0)
		return peer_fail(why->text, -errno, "cannot make an eventfd: %s", strerror(errno));
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&s->thread, NULL, serve, s);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc)
		return peer_fail(why->text, -rc, "cannot start the attach thread: %s", strerror(rc));
	return 0;
}

/* All but the thread. */
static void destroy(struct attach_server *s)
{
	if (s->listen_fd >= 0)
		close(s->listen_fd);
	if (s->wake_fd >= 0)
		close(s->wake_fd);
	if (s->folder.path[0])
		folder_remove(&s->folder);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

int attach_server_open(struct nommu_board *board, struct attach_server **server, struct nommu_why *why)
{
	struct attach_server *s;
	int rc;

	why->text[0] = '\0';
	s = calloc(1, sizeof(*s));
	if (!s)
		return peer_fail(why->text, -ENOMEM, "no memory for the attach server");
	s->board = board;
	s->listen_fd = s->wake_fd = -1;
	pthread_mutex_init(&s->lock, NULL);
	peer_know_self(&s->self);
	rc = make_socket(s, why);
	if (rc == 0)
		rc = start_thread(s, why);
	if (rc < 0) {
		destroy(s);
		return rc;
	}
	*server = s;
	return 0;
}

const char *attach_server_path(const struct attach_server *server)
{
	return server->addr.sun_path;
}

void attach_server_close(struct attach_server *server)
{
	uint64_t one = 1;

	while (write(server->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	pthread_join(server->thread, NULL);
	for (int i = 0; i < CONN_MAX; i++) {
		struct conn *c = &server->conns[i];

		if (c->state == CONN_HELLO || c->state == CONN_TOKEN)
			conn_close(server, c);
		for (int n = 0; c->state == CONN_ENDING && n < LOCK_TRY; n++) {
			nommu_board_wait(server->board, LOCK_MS);
			conn_end_mm(server, c);
		}
	}
	destroy(server);
}

/* ---- tokens ---------------------------------------------------------------------------------------------------- */

/* The connection whose token waits; with the lock. */
static struct conn *find_token(struct attach_server *server, const char *name)
{
	for (int i = 0; i < CONN_MAX; i++) {
		struct conn *c = &server->conns[i];

		if (c->claimable && strcmp(c->name, name) == 0)
			return c;
	}
	return NULL;
}

int attach_server_claim(struct attach_server *server, const char *name, struct nommu_mm *mm)
{
	struct conn *c;

	pthread_mutex_lock(&server->lock);
	c = find_token(server, name);
	if (c) {
		*mm = c->mm;
		c->claimable = false;
	}
	pthread_mutex_unlock(&server->lock);
	return c ? 0 : -ENOENT;
}

bool attach_server_has(struct attach_server *server, const char *name)
{
	bool found;

	pthread_mutex_lock(&server->lock);
	found = find_token(server, name) != NULL;
	pthread_mutex_unlock(&server->lock);
	return found;
}
