/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * image_large - reads an image of very many nodes on a small stack, and measures it. CPU time is measured, so that a
 * busy machine does not matter; quadratic work would take minutes.
 */
#ifndef IMAGE_LARGE_H
#define IMAGE_LARGE_H

#include <check.h>
#include <pthread.h>
#include <time.h>

#include "image_file.h"

#define STACK (64 << 10)

/* Sanitizers cost about four times as much. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SECONDS 4.0
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SECONDS 4.0
#endif
#ifndef SECONDS
#define SECONDS 1.0
#endif

struct reading {
	enum image_format format;
	const struct t_image *image;
	struct image_tree tree;
	struct nommu_why why;
	double seconds;
	int error;
};

static inline double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static inline void *read_large(void *arg)
{
	struct reading *reading = arg;
	double start = cpu_seconds();

	reading->error = image_read(reading->format, reading->image->bytes, reading->image->size, &reading->tree,
				    &reading->why);
	reading->seconds = cpu_seconds() - start;
	return NULL;
}

/* On a stack that holds no frame for each of many nodes. */
static inline void read_on_small_stack(struct reading *reading)
{
	pthread_attr_t attr;
	pthread_t thread;

	ck_assert_int_eq(pthread_attr_init(&attr), 0);
	ck_assert_int_eq(pthread_attr_setstacksize(&attr, STACK), 0);
	ck_assert_int_eq(pthread_create(&thread, &attr, read_large, reading), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	pthread_attr_destroy(&attr);
}

#endif
