/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_lock - tasks that end, in every way there is, while they hold the lock in the middle of a transaction: the next
 * one gets it and finds all undone. And tasks that live: nobody else gets in.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/internal.h"
#include "suites.h"

/* ThreadSanitizer makes a fork of every vfork. */
#ifdef __SANITIZE_THREAD__
#define HAS_VFORK false
#else
#define HAS_VFORK true
#endif

#define NOTE 0x4a4a4a4au /* what a dying task leaves in vm.nr_trim_pages */

/* _Atomic: threads of one process use it too. */
struct shared {
	_Atomic int inside, go;
	_Atomic pid_t pid;
};

static struct nommu_board *board;
static struct shared *shared;

static void setup(void)
{
	struct nommu_config config;
	struct nommu_why why = { "" };
	int result;

	nommu_config_init(&config);
	config.ram = 64 * NOMMU_PAGE_SIZE;
	config.max_order = 5;
	config.vmas = 64;
	config.files = 8;
	config.mms = 8;
	result = nommu_board_create(&config, NULL, &board, &why);
	ck_assert_msg(result == 0, "nommu_board_create: %d: %s", result, why.text);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(shared, MAP_FAILED);
}

static void teardown(void)
{
	munmap(shared, sizeof(*shared));
	nommu_board_close(board);
}

/* In a task that has just come to be: into the lock, and half through a change. */
static void get_inside(void)
{
	os_task_renew(os_host.task());
	if (tx_begin(board))
		_exit(9);
	journal_u32(board, &board->header->trim, NOTE);
	shared->pid = (pid_t)os_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0);
	shared->inside = 1;
}

static void wait_inside(void)
{
	for (int i = 0; !shared->inside; i++) {
		ck_assert_msg(i < 20000, "nobody gets inside");
		usleep(500);
	}
	ck_assert_uint_eq(board->header->trim, NOTE);
}

/* The owner is gone: the lock is had at once, or after a look at the owner, and the change was undone. */
static void must_recover(void)
{
	uint64_t recoveries = board->header->recoveries;

	ck_assert_int_eq(nommu_board_wait(board, 3000), 0);
	ck_assert_uint_eq(board->header->trim, 1);
	ck_assert_uint_eq(board->header->recoveries, recoveries + 1);
	ck_assert_int_eq(nommu_verify(board, &(struct nommu_why){ "" }), 0);
	ck_assert_int_eq(nommu_board_set_trim(board, 2), 0);
}

/* The owner is there: nobody else gets in. */
static void must_be_held(void)
{
	ck_assert_int_eq(nommu_board_wait(board, 300), -EAGAIN);
	ck_assert_uint_eq(board->header->trim, NOTE);
	ck_assert_uint_eq(board->header->recoveries, 0);
}

static void kill_and_wait(pid_t pid)
{
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, __WALL), pid);
}

static pid_t fork_victim(void (*victim)(void))
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		alarm(60);
		victim();
		_exit(0);
	}
	return pid;
}

/* ---- tasks ----------------------------------------------------------------------------------------------------- */

static void wait_for_death(void)
{
	for (;;)
		pause();
}

static void plain(void)
{
	get_inside();
	wait_for_death();
}

static void exec_inside(void)
{
	get_inside();
	execl("/bin/sleep", "sleep", "60", (char *)NULL);
}

static void *thread_inside(void *arg)
{
	void (*then)(void) = arg;

	get_inside();
	then();
	return NULL;
}

static void do_nothing(void)
{
}

static void do_exec(void)
{
	execl("/bin/sleep", "sleep", "60", (char *)NULL);
}

static void start_thread(void (*then)(void))
{
	pthread_t thread;
	union {
		void (*function)(void);
		void *pointer;
	} arg = { then };

	if (pthread_create(&thread, NULL, thread_inside, arg.pointer))
		_exit(8);
}

static void thread_execs(void)
{
	start_thread(do_exec);
	wait_for_death();
}

static void thread_ends(void)
{
	start_thread(do_nothing);
	wait_for_death();
}

static void thread_waits(void)
{
	start_thread(wait_for_death);
	wait_for_death();
}

/* Never returns from the child, whose stack is the parent's. */
static void vfork_inside(void)
{
	if (vfork() == 0) {
		get_inside();
		wait_for_death();
	}
	/* The child is dead: this task says anew who it is, and goes on. */
	os_task_renew(os_host.task());
	shared->go = nommu_board_set_trim(board, 7) == 0 ? 1 : 2;
	wait_for_death();
}

static void clone_inside(void)
{
	pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (child == 0) {
		get_inside();
		wait_for_death();
	}
	waitpid(child, NULL, 0);
	wait_for_death();
}

/* ---- tests ----------------------------------------------------------------------------------------------------- */

START_TEST(killed)
{
	static void (*const victims[])(void) = { plain, thread_waits };
	pid_t pid = fork_victim(victims[_i]);

	wait_inside();
	must_be_held();
	kill_and_wait(pid);
	must_recover();
}
END_TEST

START_TEST(ended_inside)
{
	static void (*const victims[])(void) = { exec_inside, thread_execs, thread_ends };
	pid_t pid = fork_victim(victims[_i]);

	for (int i = 0; !shared->inside; i++) {
		ck_assert_int_lt(i, 20000);
		usleep(500);
	}
	must_recover();
	ck_assert_int_eq(kill(pid, 0), 0); /* the process lives */
	kill_and_wait(pid);
}
END_TEST

START_TEST(vfork_child_killed)
{
	pid_t pid = fork_victim(vfork_inside);

	wait_inside();
	must_be_held();
	ck_assert_int_ne(shared->pid, pid);
	kill(shared->pid, SIGKILL);
	/* The parent, which shares all memory with it, is the one that recovers. */
	for (int i = 0; !shared->go; i++) {
		ck_assert_int_lt(i, 20000);
		usleep(500);
	}
	ck_assert_int_eq(shared->go, 1);
	ck_assert_uint_eq(board->header->trim, 7);
	ck_assert_uint_eq(board->header->recoveries, 1);
	kill_and_wait(pid);
	ck_assert_int_eq(nommu_verify(board, &(struct nommu_why){ "" }), 0);
}
END_TEST

/* The parent is killed while the child is inside: the child has it still. */
START_TEST(vfork_parent_killed)
{
	pid_t pid = fork_victim(vfork_inside);

	wait_inside();
	kill_and_wait(pid);
	must_be_held();
	kill(shared->pid, SIGKILL);
	must_recover();
}
END_TEST

START_TEST(clone_child_killed)
{
	pid_t pid = fork_victim(clone_inside);

	wait_inside();
	must_be_held();
	kill(shared->pid, SIGKILL);
	must_recover();
	kill_and_wait(pid);
}
END_TEST

/* A number that is used again: the task of that number now is younger than the owner was. */
START_TEST(number_used_again)
{
	pid_t pid = fork_victim(wait_for_death);

	board->header->trim = 1;
	board->lock->generation++;
	board->lock->since_generation = board->lock->generation;
	board->lock->since = 1000000000; /* a second after the machine came up */
	board->lock->word = (uint32_t)pid;
	ck_assert_int_eq(nommu_board_wait(board, 3000), 0);
	ck_assert_uint_eq(board->header->recoveries, 1);
	/* One that was there when the lock was taken has it. */
	board->lock->generation++;
	board->lock->since_generation = board->lock->generation;
	board->lock->since = os_now(CLOCK_BOOTTIME);
	board->lock->word = (uint32_t)pid;
	ck_assert_int_eq(nommu_board_wait(board, 300), -EAGAIN);
	/* One of which it is not known yet since when it is there is left alone. */
	board->lock->since = 1000000000;
	board->lock->since_generation = board->lock->generation - 1;
	ck_assert_int_eq(nommu_board_wait(board, 300), -EAGAIN);
	kill_and_wait(pid);
	ck_assert_int_eq(nommu_board_wait(board, 3000), 0);
}
END_TEST

/* A handler of a fault inside the engine that calls the engine. */
START_TEST(again_by_the_same_task)
{
	struct nommu_stats stats;

	ck_assert_int_eq(tx_begin(board), 0);
	ck_assert_int_eq(nommu_stats(board, &stats), -EIO);
	ck_assert_int_eq(tx_end(board), 0);
	ck_assert_int_eq(nommu_stats(board, &stats), 0);
}
END_TEST

/* The program's own robust mutex may be on its way in or out when a signal handler calls the engine. */
START_TEST(robust_list_is_kept)
{
	void **head;
	size_t size;
	void *own = &size;

	os_task_renew(os_host.task());
	ck_assert_int_eq(syscall(SYS_get_robust_list, 0, &head, &size), 0);
	ck_assert_ptr_nonnull(head);
	head[2] = own;
	ck_assert_int_eq(tx_begin(board), 0);
	ck_assert_ptr_ne(head[2], own);
	ck_assert_int_eq(tx_end(board), 0);
	ck_assert_ptr_eq(head[2], own);
	head[2] = NULL;
}
END_TEST

static void *take_late(void *arg)
{
	uint64_t *waited = arg, begin;
	struct nommu_stats stats;

	os_task_renew(os_host.task());
	begin = os_now(CLOCK_MONOTONIC);
	shared->inside = 1;
	if (nommu_stats(board, &stats))
		*waited = UINT64_MAX;
	else
		*waited = os_now(CLOCK_MONOTONIC) - begin;
	return NULL;
}

/* A sleeping waiter is woken by who leaves: it does not sleep on until it would have looked at the owner. */
START_TEST(waiter_is_woken)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < 40 && least > LOCK_LOOK_NS * 3 / 5; i++) {
		uint64_t waited = 0;
		pthread_t thread;

		shared->inside = 0;
		ck_assert_int_eq(tx_begin(board), 0);
		ck_assert_int_eq(pthread_create(&thread, NULL, take_late, &waited), 0);
		while (!shared->inside)
			usleep(100);
		usleep((useconds_t)(LOCK_LOOK_NS / 5000));
		ck_assert_int_eq(tx_end(board), 0);
		pthread_join(thread, NULL);
		ck_assert_uint_ne(waited, UINT64_MAX);
		/* Else it did not sleep, or not yet. */
		if (waited > LOCK_LOOK_NS / 10 && waited < least)
			least = waited;
	}
	ck_assert_msg(least <= LOCK_LOOK_NS * 3 / 5, "the fastest waiter took %llu us",
		      (unsigned long long)least / 1000);
}
END_TEST

START_TEST(nonblocking)
{
	pid_t pid = fork_victim(plain);
	struct nommu_stats stats;
	struct nommu_verdict v;
	uint64_t begin;

	wait_inside();
	nommu_board_set_nonblocking(board, true);
	begin = os_now(CLOCK_MONOTONIC);
	ck_assert_int_eq(nommu_stats(board, &stats), -EAGAIN);
	ck_assert_int_eq(nommu_munmap(board, &(struct nommu_mm){ 1, 1 }, 4096, 4096, &v), -EAGAIN);
	ck_assert_uint_eq(v.rule, NOMMU_RULE_BOARD_BUSY);
	ck_assert_uint_lt(os_now(CLOCK_MONOTONIC) - begin, 1000000000);
	/* Waiting is what this call is for, whatever the handle's mode. */
	begin = os_now(CLOCK_MONOTONIC);
	ck_assert_int_eq(nommu_board_wait(board, 200), -EAGAIN);
	ck_assert_uint_ge(os_now(CLOCK_MONOTONIC) - begin, 200000000);
	kill_and_wait(pid);
	ck_assert_int_eq(nommu_stats(board, &stats), 0);
	ck_assert_uint_eq(stats.recoveries, 1);
}
END_TEST

SUITE(lock)
{
	Suite *suite = suite_create("lock");
	TCase *tcase = tcase_create("owners");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, killed, 0, 2);
	tcase_add_loop_test(tcase, ended_inside, 0, 3);
	if (HAS_VFORK) {
		tcase_add_test(tcase, vfork_child_killed);
		tcase_add_test(tcase, vfork_parent_killed);
	}
	tcase_add_test(tcase, clone_child_killed);
	tcase_add_test(tcase, number_used_again);
	tcase_add_test(tcase, again_by_the_same_task);
	tcase_add_test(tcase, robust_list_is_kept);
	tcase_add_test(tcase, waiter_is_woken);
	tcase_add_test(tcase, nonblocking);
	suite_add_tcase(suite, tcase);
	return suite;
}
