/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* source - see source.h */
#include "daemon/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/store.h"

#define FILE_MAX (1u << 20) /* bytes of a board file */
#define HEAD     4096

/* ---- the file -------------------------------------------------------------------------------------------------- */

/* All of a regular file, at most @max bytes, malloc'ed; or -errno. */
static ssize_t slurp(const char *path, size_t max, char **text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error = 0;
	struct stat stat;
	size_t size = 0;
	ssize_t n = 0;

	if (fd < 0)
		return -errno;
	*text = malloc(max + 1);
	if (fstat(fd, &stat))
		error = -errno;
	else if (!S_ISREG(stat.st_mode))
		error = S_ISDIR(stat.st_mode) ? -EISDIR : -EINVAL;
	else if (!*text)
		error = -ENOMEM;
	while (!error && size < max && (n = read(fd, *text + size, max - size)) > 0)
		size += (size_t)n;
	if (n < 0)
		error = -errno;
	close(fd);
	if (error)
		free(*text);
	return error ? error : (ssize_t)size;
}

/* As much of its beginning as there is; nothing of what cannot be read. */
static size_t read_head(const char *path, char head[static HEAD])
{
	char *text;
	ssize_t size = slurp(path, HEAD, &text);

	if (size < 0)
		return 0;
	memcpy(head, text, (size_t)size);
	free(text);
	return (size_t)size;
}

/* 1: a board file, 0: something else, -EINVAL with @why: a text that is neither. */
static int recognise(const char *path, struct nommu_why *why)
{
	char head[HEAD];
	size_t size = read_head(path, head);

	if (board_recognise(head, size))
		return 1;
	if (!size || memchr(head, '\0', size) || image_recognise(head, size) != IMAGE_UNKNOWN)
		return 0;
	snprintf(why->text, sizeof(why->text), "%.100s: neither a board file, which begins with a [section] (see --check), "
		 "nor a romfs or cramfs image", path);
	return -EINVAL;
}

/* ---- mistakes -------------------------------------------------------------------------------------------------- */

/* They are kept until all are known: those of images come last, but not in the file. */
struct mistakes {
	const char *prefix, *path;
	struct mistake {
		unsigned int line;
		size_t order;
		char *text;
	} *list;
	size_t count;
};

static void tell(void *arg, unsigned int line, const char *text)
{
	struct mistakes *mistakes = arg;
	struct mistake *list = reallocarray(mistakes->list, mistakes->count + 1, sizeof(*list));
	char *copy = strdup(text);

	if (copy)
		log_clean(copy);
	if (list)
		mistakes->list = list;
	if (!list || !copy) {
		fprintf(stderr, "%s%s:%u: %s\n", mistakes->prefix, mistakes->path, line, copy ? copy : "no memory");
		free(copy);
		return;
	}
	list[mistakes->count] = (struct mistake){.line = line, .order = mistakes->count, .text = copy};
	mistakes->count++;
}

static int by_line(const void *a, const void *b)
{
	const struct mistake *m = a, *n = b;

	return m->line != n->line ? (m->line > n->line) - (m->line < n->line) : (m->order > n->order) - (m->order < n->order);
}

/* Write them, and forget them. */
static void tell_all(struct mistakes *mistakes)
{
	if (mistakes->count)
		qsort(mistakes->list, mistakes->count, sizeof(*mistakes->list), by_line);
	for (size_t i = 0; i < mistakes->count; i++) {
		fprintf(stderr, "%s%s:%u: %s\n", mistakes->prefix, mistakes->path, mistakes->list[i].line,
			mistakes->list[i].text);
		free(mistakes->list[i].text);
	}
	free(mistakes->list);
	mistakes->list = NULL;
	mistakes->count = 0;
}

/* Returns how many mistakes there were, or -errno. */
static int read_board(struct board *board, struct mistakes *mistakes)
{
	const char *slash = strrchr(mistakes->path, '/');
	char *text, *folder = strndup(mistakes->path, slash ? (size_t)(slash + 1 - mistakes->path) : 0);
	ssize_t size = slurp(mistakes->path, FILE_MAX, &text);
	int result;

	if (size < 0) {
		free(folder);
		return (int)size;
	}
	result = !folder ? -ENOMEM : size < FILE_MAX ? board_read(board, text, (size_t)size, folder, tell, mistakes)
				 : -EFBIG;
	free(text);
	free(folder);
	return result;
}

/* ---- the command line ------------------------------------------------------------------------------------------ */

static int over_board_file(struct options *options, int argc, char **argv, struct nommu_why *why)
{
	/* It is one of argv, but options_free frees the copy. */
	char *path = strdup(options->source);
	struct mistakes mistakes = {.prefix = "nommufs: ", .path = path};
	int result;

	options_free(options);
	options_init(options);
	result = path ? read_board(&options->board, &mistakes) : -ENOMEM;
	tell_all(&mistakes);
	if (result < 0)
		snprintf(why->text, sizeof(why->text), "%.160s: %s", path ? path : "", strerror(-result));
	free(path);
	return result ? -EINVAL : options_parse(options, argc, argv, why);
}

static int add_source(struct options *options, struct nommu_why *why)
{
	struct board_image image = {
		.path = (char *)SOURCE_PLACE,
		.file = options->source,
		.align = options->align,
	};

	if (!board_add_image(&options->board, &image))
		return 0;
	snprintf(why->text, sizeof(why->text), "no memory");
	return -EINVAL;
}

int source_options(struct options *options, int argc, char **argv, struct nommu_why *why)
{
	int laid_out = 0, error;

	options_init(options);
	error = options_parse(options, argc, argv, why);
	if (error || options->help || options->version || options->print_board || options->checks)
		return error;
	if (strcmp(options->source, SOURCE_NONE)) {
		laid_out = recognise(options->source, why);
		error = laid_out < 0 ? laid_out
			: laid_out   ? over_board_file(options, argc, argv, why)
				     : add_source(options, why);
	}
	if (error)
		return error;
	if (options->align && (laid_out || !options->board.image_count)) {
		snprintf(why->text, sizeof(why->text), "option 'align=%u': SOURCE is no directory; in a board file it "
			 "belongs to an [image]", options->align);
		return -EINVAL;
	}
	return nommu_config_check(&options->board.config, why);
}

/* ---- checking -------------------------------------------------------------------------------------------------- */

static void check_images(const struct board *board, struct mistakes *mistakes)
{
	uint64_t end = board->config.base + board->config.ram;

	for (size_t i = 0; i < board->image_count; i++) {
		const struct board_image *image = &board->images[i];
		struct nommu_why why = {""};
		struct store store;

		if (!store_open(&store, image->file, image->align, &end, &why)) {
			store_close(&store);
			continue;
		}
		tell(mistakes, image->file_line, why.text);
	}
}

int source_check(const char *path)
{
	struct mistakes mistakes = {.prefix = "", .path = path};
	struct board board;
	char head[HEAD];
	size_t size = read_head(path, head);
	enum image_format format = image_recognise(head, size);
	int result;

	if (format != IMAGE_UNKNOWN || memchr(head, '\0', size)) {
		fprintf(stderr, "nommufs: %s: not a board file, but %s%s\n", path,
			format == IMAGE_UNKNOWN ? "no text either" : "an image: ",
			format == IMAGE_UNKNOWN ? "" : image_format_name(format));
		return -EINVAL;
	}
	board_init(&board);
	result = read_board(&board, &mistakes);
	if (result < 0)
		fprintf(stderr, "nommufs: %s: %s\n", path, result == -EINVAL ? "not a regular file" : strerror(-result));
	else
		check_images(&board, &mistakes);
	result = result < 0 || mistakes.count ? -EINVAL : 0;
	tell_all(&mistakes);
	board_free(&board);
	return result;
}
