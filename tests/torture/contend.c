/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * contend - two processes that map and unmap at once, pinned to a CPU each: both get on, the board stays whole, and
 * what they take and give back adds up.
 */
#include <sched.h>

#include "torture.h"

#define RUN_US 1500000

static void pin(int nth)
{
	cpu_set_t all, one;

	if (sched_getaffinity(0, sizeof(all), &all))
		return;
	CPU_ZERO(&one);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &all) && nth-- == 0)
			CPU_SET(cpu, &one);
	if (CPU_COUNT(&one))
		sched_setaffinity(0, sizeof(one), &one);
}

static void spawn(struct torture *t, int index)
{
	struct t_slot *slot = &t->control->slot[index];
	pid_t pid;

	memset(slot, 0, sizeof(*slot));
	t_must(nommu_mm_create(t->board, getpid(), "contender", &slot->mm), "mm_create");
	pid = fork();
	if (pid == 0) {
		struct nommu_board *b = t_attach(t->fds, t->count, true);

		os_task_renew(os_host.task());
		pin(index % 2);
		while (!t->control->go)
			t_sleep_us(100);
		t_work(b, slot, &slot->mm, (uint64_t)index + 1);
	}
	if (pid < 0)
		t_die("fork: %s", strerror(errno));
	slot->pid = pid;
}

static uint64_t run(struct torture *t, int contenders)
{
	uint64_t ops = 0, began, took;

	t->control->go = 0;
	for (int i = 0; i < contenders; i++)
		spawn(t, i);
	t->control->go = 1;
	for (int i = 0; i < contenders; i++)
		t_wait_ready(&t->control->slot[i]);
	began = t_now_us();
	while ((took = t_now_us() - began) < RUN_US) {
		t_sleep_us(20000);
		t_verify(t, "while they run");
	}
	for (int i = 0; i < contenders; i++) {
		struct t_slot *slot = &t->control->slot[i];

		kill(slot->pid, SIGKILL);
		while (waitpid(slot->pid, NULL, 0) < 0 && errno == EINTR)
			;
		if (slot->ops < 1000)
			t_die("contender %d of %d came to %llu operations only", i, contenders,
			      (unsigned long long)slot->ops);
		ops += slot->ops;
		t_must(nommu_mm_exit(t->board, &slot->mm), "mm_exit");
	}
	t_all_back(t, "after they ran");
	printf("%d at once: %llu operations a second together\n", contenders,
	       (unsigned long long)(ops * 1000000u / took));
	return ops;
}

int main(void)
{
	struct torture t;

	t_open(&t, NOMMU_PROFILE_BDI);
	for (int contenders = 1; contenders <= T_SLOTS; contenders++)
		run(&t, contenders);
	t_close(&t);
	return 0;
}
