/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * main - nommufs: mounts a board and serves it.
 *
 * The process that was started forks first and waits: its child checks, makes the board, mounts, and becomes the
 * daemon. So threads and mappings are the daemon's from the start, and messages still reach the terminal. When the
 * host's first request was answered the child lets go of terminal and parent, and the parent returns.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/host.h"
#include "daemon/mountpoint.h"
#include "daemon/reserve.h"
#include "daemon/source.h"
#include "daemon/work.h"

#ifndef NOMMU_VERSION
#define NOMMU_VERSION "0.1.0"
#endif

#define FILES_USUAL 262144u

struct daemon {
	struct options options;
	struct log log;
	struct fs fs;
	struct rom *roms[NOMMU_WINDOWS_MAX]; /* those that are not mounted yet */
	struct reserve reserve;
	char *mountpoint; /* absolute */
	bool have_fs, mounted;
	int parent; /* pipe to the waiting parent; -1: none */
};

static int complain(struct nommu_why *why)
{
	/* File names are in it. */
	log_clean(why->text);
	fprintf(stderr, "nommufs: %s\n", why->text);
	return EXIT_FAILURE;
}

/* ---- ready ----------------------------------------------------------------------------------------------------- */

static void detach(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	/* Whatever directory it is, it must not be kept busy; the root is always there. */
	if (chdir("/") || null < 0)
		return;
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	close(null);
}

static void tell(int fd)
{
	if (fd < 0)
		return;
	while (write(fd, "\n", 1) < 0 && errno == EINTR)
		;
	close(fd);
}

static void ready(void *arg)
{
	struct daemon *d = arg;

	if (!d->options.foreground) {
		log_detach(&d->log);
		detach();
	}
	tell(d->options.ready_fd);
	tell(d->parent);
	d->parent = -1;
}

/* ---- mounting -------------------------------------------------------------------------------------------------- */

/* Options of the host's mount, as one string; NULL: no memory. */
static char *mount_options(const struct daemon *d)
{
	char *list = NULL, *name;

	if (asprintf(&name, "fsname=%s", strcmp(d->options.source, SOURCE_NONE) ? d->options.source : "nommufs") < 0)
		return NULL;
	if (fuse_opt_add_opt(&list, "subtype=nommufs,default_permissions") || fuse_opt_add_opt_escaped(&list, name) ||
	    (d->options.host && fuse_opt_add_opt(&list, d->options.host)) ||
	    (d->options.board.noexec && fuse_opt_add_opt(&list, "noexec"))) {
		free(list);
		list = NULL;
	}
	free(name);
	return list;
}

static struct fuse_session *new_session(struct daemon *d)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	struct fuse_session *session = NULL;
	char *list = mount_options(d);

	if (list && !fuse_opt_add_arg(&args, "nommufs") && !fuse_opt_add_arg(&args, "-o") &&
	    !fuse_opt_add_arg(&args, list) && (!d->options.debug || !fuse_opt_add_arg(&args, "-d")))
		session = fuse_session_new(&args, &fs_ops, sizeof(fs_ops), &d->fs);
	fuse_opt_free_args(&args);
	free(list);
	return session;
}

/* What libfuse and fusermount3 wrote to @fd, as one line without their prefixes. */
static void collect(int fd, char *text, size_t size)
{
	ssize_t length = pread(fd, text, size - 1, 0);
	size_t skip;

	text[length > 0 ? length : 0] = '\0';
	skip = strncmp(text, "fuse: ", 6) ? strncmp(text, "fusermount3: ", 13) ? 0 : 13 : 6;
	memmove(text, text + skip, strlen(text + skip) + 1);
	text[strcspn(text, "\n")] = '\0';
}

/* Mount. What goes wrong is told on stderr, by libfuse or by fusermount3: it is caught, to be told as one line. */
static int mount_session(struct daemon *d, struct nommu_why *why)
{
	int caught = memfd_create("stderr", MFD_CLOEXEC), saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	char text[128] = "";
	int error;

	if (caught >= 0 && saved >= 0)
		dup2(caught, STDERR_FILENO);
	error = fuse_session_mount(d->fs.session, d->mountpoint);
	if (saved >= 0) {
		dup2(saved, STDERR_FILENO);
		close(saved);
	}
	if (caught >= 0) {
		collect(caught, text, sizeof(text));
		close(caught);
	}
	if (error)
		snprintf(why->text, sizeof(why->text), "%.100s: cannot mount: %s", d->mountpoint,
			 text[0] ? text : "the host refuses");
	else if (text[0])
		fprintf(stderr, "nommufs: %s\n", text);
	return error ? -EIO : 0;
}

/* ---- start ----------------------------------------------------------------------------------------------------- */

/* The board: RAM, the image's window, the engine's tables. */
static int make_board(struct daemon *d, struct nommu_why *why)
{
	struct nommu_config *config = &d->options.board.config;
	struct nommu_board *board;
	uint32_t files = 0;
	int error;

	for (size_t i = 0; i < d->options.board.image_count; i++)
		files += rom_files(d->roms[i]);
	/* The engine's own choice holds so many; images that would take most of it get room of their own. */
	if (config->files)
		config->files += files;
	else if (files > FILES_USUAL / 2)
		config->files = files + FILES_USUAL;
	config->reserve_later = true;
	error = nommu_board_create(config, NULL, &board, why);
	if (error) {
		if (!why->text[0])
			snprintf(why->text, sizeof(why->text), "cannot make the board: %s", strerror(-error));
		return error;
	}
	error = fs_init(&d->fs, board, &d->options.board, &d->log);
	if (error) {
		nommu_board_close(board);
		snprintf(why->text, sizeof(why->text), "cannot make the file system: %s", strerror(-error));
		return error;
	}
	d->have_fs = true;
	d->fs.noatime = d->options.noatime;
	d->fs.nodiratime = d->options.nodiratime;
	return 0;
}

/* Where shm_open of wrapped programs makes its files: anyone may, as on a host. */
static int make_dev_shm(struct fs *fs)
{
	struct tree_inode *dir = fs->tree.root;
	int error = fs_make_directory(fs, dir, "dev", &dir);

	if (!error)
		error = fs_make_directory(fs, dir, "shm", &dir);
	if (!error)
		dir->mode = S_IFDIR | S_ISVTX | 0777;
	return error;
}

static int fill_tree(struct daemon *d, struct nommu_why *why)
{
	int error = procfs_init(&d->fs);

	if (!error)
		error = make_dev_shm(&d->fs);
	if (error)
		snprintf(why->text, sizeof(why->text), "cannot make /proc and /dev/shm: %s", strerror(-error));
	for (size_t i = 0; i < d->options.board.image_count && !error; i++) {
		error = rom_mount(d->roms[i], &d->fs, why);
		d->roms[i] = error ? d->roms[i] : NULL;
	}
	return error;
}

static int mount_board(struct daemon *d, struct nommu_why *why)
{
	int error = attach_server_open(d->fs.board, &d->fs.server, why);

	if (error)
		return error;
	d->fs.session = new_session(d);
	if (!d->fs.session) {
		snprintf(why->text, sizeof(why->text), "cannot make a FUSE session with these mount options");
		return -EINVAL;
	}
	error = mount_session(d, why);
	if (error)
		return error;
	d->mounted = true;
	d->fs.names.dev = mountpoint_device(d->mountpoint);
	error = work_start_thread(&d->fs);
	if (!error)
		error = unpack_start(&d->fs);
	if (!error)
		error = reserve_start(&d->reserve, d->fs.board, d->options.board.config.ram, &d->log);
	if (error)
		snprintf(why->text, sizeof(why->text), "cannot start a thread: %s", strerror(-error));
	return error;
}

/* What is wrong with an image of a board file is said with the file's line. */
static int open_image(struct daemon *d, size_t i, uint64_t *end, struct nommu_why *why)
{
	const struct board_image *image = &d->options.board.images[i];
	struct nommu_why detail = {""};
	int error = rom_open(image, end, &d->roms[i], &detail);

	if (error && image->line)
		snprintf(why->text, sizeof(why->text), "%.80s:%u: %.160s", d->options.source, image->file_line, detail.text);
	else if (error)
		*why = detail;
	return error;
}

/* All that takes much memory. */
static int reserve(struct daemon *d, struct nommu_why *why)
{
	const struct board *board = &d->options.board;
	uint64_t end = board->config.base + board->config.ram;
	int error = host_can_spare(board->config.ram, "ram", why);

	for (size_t i = 0; i < board->image_count && !error; i++)
		error = open_image(d, i, &end, why);
	/* With what the images took. */
	if (!error && board->image_count)
		error = host_can_spare(board->config.ram, "ram", why);
	return error ? error : make_board(d, why);
}

static int start(struct daemon *d, struct nommu_why *why)
{
	int error = mountpoint_prepare(d->options.mountpoint, &d->mountpoint, why);

	if (!error) {
		int score = host_volunteer();

		error = reserve(d, why);
		host_volunteer_no_more(score);
	}
	if (!error)
		error = fill_tree(d, why);
	return error ? error : mount_board(d, why);
}

/* In reverse; processes that are attached stay so. */
static void stop(struct daemon *d)
{
	reserve_stop(&d->reserve);
	/* Who waits is answered while there is a session to answer by. */
	if (d->have_fs)
		fs_quiesce(&d->fs);
	if (d->fs.server)
		attach_server_close(d->fs.server);
	if (d->mounted)
		fuse_session_unmount(d->fs.session);
	if (d->fs.session)
		fuse_session_destroy(d->fs.session);
	if (d->have_fs) {
		fs_fini(&d->fs);
		nommu_board_close(d->fs.board);
	}
	for (size_t i = 0; i < NOMMU_WINDOWS_MAX; i++)
		rom_close(d->roms[i]);
	log_close(&d->log);
	free(d->mountpoint);
	options_free(&d->options);
}

static int serve(struct daemon *d)
{
	struct nommu_why why = {""};
	int status = EXIT_SUCCESS, error;

	/* What mounts for us must not keep it open. */
	if (d->options.ready_fd >= 0)
		fcntl(d->options.ready_fd, F_SETFD, FD_CLOEXEC);
	loop_block_signals();
	if (start(d, &why)) {
		status = complain(&why);
	} else {
		d->fs.ready = ready;
		d->fs.ready_arg = d;
		error = loop_run(&d->fs);
		if (error || d->fs.ready) {
			log_line(&d->log, "%s: %s", d->mountpoint,
				 error ? strerror(-error) : "unmounted before it was ready");
			status = EXIT_FAILURE;
		}
	}
	stop(d);
	return status;
}

/* The process that was started: its end is the daemon's readiness, or the daemon's failure. */
static int wait_for(pid_t child, int pipe)
{
	int status;
	char byte;

	if (read(pipe, &byte, 1) == 1)
		return EXIT_SUCCESS;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return EXIT_FAILURE;
	if (WIFSIGNALED(status))
		fprintf(stderr, "nommufs: the daemon died of signal %d while it started%s\n", WTERMSIG(status),
			WTERMSIG(status) == SIGKILL ? "; is there enough memory?" : "");
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

static int serve_in_background(struct daemon *d)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) || (child = fork()) < 0) {
		fprintf(stderr, "nommufs: cannot start the daemon: %s\n", strerror(errno));
		options_free(&d->options);
		return EXIT_FAILURE;
	}
	if (child) {
		close(ends[1]);
		/* What it has is the child's to free. */
		_exit(wait_for(child, ends[0]));
	}
	close(ends[0]);
	d->parent = ends[1];
	return serve(d);
}

/* Started without them, the daemon would take its own for them. */
static void open_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/* What is asked beside mounting. Returns whether it was asked. */
static bool tell_only(const struct options *options, int *status)
{
	*status = EXIT_SUCCESS;
	if (options->help)
		options_usage(stdout);
	else if (options->version)
		printf("nommufs %s, libfuse %s\n", NOMMU_VERSION, fuse_pkgversion());
	else if (options->print_board)
		board_print_default(stdout);
	else if (options->checks)
		*status = source_check(options->check) ? EXIT_FAILURE : EXIT_SUCCESS;
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	struct daemon d = {.parent = -1};
	struct nommu_why why = {""};
	int status = EXIT_FAILURE;

	open_standard_descriptors();
	log_init(&d.log);
	if (source_options(&d.options, argc, argv, &why) ||
	    (d.options.log && log_open(&d.log, d.options.log, &why))) {
		if (why.text[0])
			complain(&why);
	} else if (!tell_only(&d.options, &status)) {
		return d.options.foreground ? serve(&d) : serve_in_background(&d);
	}
	log_close(&d.log);
	options_free(&d.options);
	return status;
}
