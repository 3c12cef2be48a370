/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * suites - how a unit test file joins the one test program.
 *
 * One file a module, test_MODULE.c, which says
 *
 *	SUITE(module)
 *	{
 *		Suite *suite = suite_create("module");
 *		...
 *		return suite;
 *	}
 *
 * and is found by the Makefile; no list is to be kept. Internal headers may be included ("engine/pages.h").
 */
#ifndef SUITES_H
#define SUITES_H

#include <check.h>

/* Called before main, once a suite. */
void suites_add(const char *name, Suite *(*make)(void));

#define SUITE(name)                                                                                                    \
	static Suite *suite_##name(void);                                                                              \
	__attribute__((constructor)) static void suite_add_##name(void)                                                \
	{                                                                                                              \
		suites_add(#name, suite_##name);                                                                       \
	}                                                                                                              \
	static Suite *suite_##name(void)

#endif
