/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* store - see store.h */
#include "daemon/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/host.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

static int fail(struct nommu_why *why, int error, const char *path, const char *what)
{
	snprintf(why->text, sizeof(why->text), "%.160s: %s: %s", path, what, strerror(-error));
	return error;
}

/* ---- memory ---------------------------------------------------------------------------------------------------- */

/* Memory that programs may execute; older kernels know no MFD_EXEC, and allow it always. */
static int make_memory(void)
{
	int fd = memfd_create("nommu-rom", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("nommu-rom", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd < 0 ? -errno : fd;
}

static size_t whole_pages(size_t size)
{
	return (size + NOMMU_PAGE_SIZE - 1) & ~(NOMMU_PAGE_SIZE - 1);
}

/* Zeroed memory for the image, mapped to be written. */
static int reserve(struct store *store, void **image)
{
	size_t room = whole_pages(store->size);
	int error;

	store->fd = make_memory();
	if (store->fd < 0)
		return store->fd;
	if (ftruncate(store->fd, (off_t)room))
		return -errno;
	/* Reserved now, so that nobody meets SIGBUS later. */
	error = -posix_fallocate(store->fd, 0, (off_t)room);
	if (error)
		return error;
	*image = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_SHARED, store->fd, 0);
	return *image == MAP_FAILED ? -errno : 0;
}

static int seal(const struct store *store)
{
	return fcntl(store->fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) ? -errno : 0;
}

/* ---- an image file --------------------------------------------------------------------------------------------- */

static int read_all(int fd, char *to, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = read(fd, to + done, size - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -ENODATA; /* it is being truncated */
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* The bytes of @fd into memory, which is sealed then. */
static int fill(struct store *store, int fd)
{
	void *image;
	int error = reserve(store, &image);

	if (error)
		return error;
	error = read_all(fd, image, store->size);
	munmap(image, whole_pages(store->size));
	return error ? error : seal(store);
}

/* What it begins as: before the memory for all of it is taken. */
static int recognise(struct store *store, int fd, const char *path, struct nommu_why *why)
{
	char head[IMAGE_HEAD];
	size_t length = store->size < sizeof(head) ? store->size : sizeof(head);
	int error = read_all(fd, head, length);

	if (error)
		return fail(why, error, path, "cannot read the image");
	store->tree.format = image_recognise(head, length);
	if (store->tree.format != IMAGE_UNKNOWN)
		return lseek(fd, 0, SEEK_SET) ? fail(why, -errno, path, "cannot read the image") : 0;
	snprintf(why->text, sizeof(why->text),
		 "%.100s: not an image: it begins neither as a romfs (-rom1fs-) nor as a cramfs (magic 0x28cd3d45)%s",
		 path, length ? "" : ", but is empty");
	return -EINVAL;
}

static int parse(struct store *store, const char *path, struct nommu_why *why)
{
	enum image_format format = store->tree.format;
	struct nommu_why detail = {""};
	void *image = mmap(NULL, store->size, PROT_READ, MAP_SHARED, store->fd, 0);
	int error;

	if (image == MAP_FAILED)
		return fail(why, -errno, path, "cannot map the image");
	error = image_read(format, image, store->size, &store->tree, &detail);
	if (error && detail.text[0])
		snprintf(why->text, sizeof(why->text), "%.80s: %.170s", path, detail.text);
	else if (error)
		fail(why, error, path, "cannot read the image");
	munmap(image, store->size);
	return error;
}

/* Whether the board and the host have room for it. */
static int find_room(const struct store *store, const char *path, uint64_t *end, struct nommu_why *why)
{
	struct nommu_why detail;
	uint64_t addr;
	int error = nommu_window_place(*end, store->size, &addr, &detail);

	if (error) {
		snprintf(why->text, sizeof(why->text), "%.80s: %.170s", path, detail.text);
		return error;
	}
	*end = addr + whole_pages(store->size);
	return host_can_spare(store->size, path, why);
}

static int load(struct store *store, int fd, uint64_t size, const char *path, uint64_t *end, struct nommu_why *why)
{
	int error;

	store->size = (size_t)size;
	error = recognise(store, fd, path, why);
	if (!error)
		error = find_room(store, path, end, why);
	if (error)
		return error;
	error = fill(store, fd);
	return error ? fail(why, error, path, "cannot load the image") : parse(store, path, why);
}

/* ---- a directory ----------------------------------------------------------------------------------------------- */

static int pack_into(struct store *store, struct hostdir *dir, const char *path, struct nommu_why *why)
{
	void *image;
	int error = reserve(store, &image);

	if (error)
		return fail(why, error, path, "cannot pack the directory");
	error = hostdir_fill(dir, image, why);
	munmap(image, whole_pages(store->size));
	if (error)
		return error;
	error = seal(store);
	if (!error)
		error = hostdir_tree(dir, &store->tree);
	return error ? fail(why, error, path, "cannot pack the directory") : 0;
}

static int pack(struct store *store, const char *path, uint32_t align, uint64_t *end, struct nommu_why *why)
{
	struct hostdir *dir;
	int error = hostdir_open(path, align, &dir, why);

	if (error)
		return error;
	/* A window has at least a byte. */
	store->size = hostdir_size(dir) ? (size_t)hostdir_size(dir) : 1;
	error = find_room(store, path, end, why);
	if (!error)
		error = pack_into(store, dir, path, why);
	hostdir_close(dir);
	return error;
}

/* ---- either ---------------------------------------------------------------------------------------------------- */

static int open_as(struct store *store, int fd, const char *path, uint32_t align, uint64_t *end,
		   struct nommu_why *why)
{
	struct stat stat;

	if (fstat(fd, &stat))
		return fail(why, -errno, path, "cannot open the image");
	if (S_ISDIR(stat.st_mode))
		return pack(store, path, align, end, why);
	if (!S_ISREG(stat.st_mode)) {
		snprintf(why->text, sizeof(why->text), "%.160s: neither an image nor a directory", path);
		return -EINVAL;
	}
	if (align) {
		snprintf(why->text, sizeof(why->text),
			 "%.120s: align is for directories; in an image its maker has set where files lie", path);
		return -EINVAL;
	}
	return load(store, fd, (uint64_t)stat.st_size, path, end, why);
}

int store_open(struct store *store, const char *path, uint32_t align, uint64_t *end, struct nommu_why *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error;

	*store = (struct store){.fd = -1};
	if (fd < 0)
		return fail(why, -errno, path, "cannot open the image");
	error = open_as(store, fd, path, align, end, why);
	close(fd);
	if (error)
		store_close(store);
	return error;
}

void store_close(struct store *store)
{
	image_tree_free(&store->tree);
	if (store->fd >= 0)
		close(store->fd);
	store->fd = -1;
}
