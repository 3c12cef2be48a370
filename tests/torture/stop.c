/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stop - owners of the lock that do not go on: stopped by SIGSTOP, or by a debugger.
 *
 * The others get past a stopped one, in bounded time, and it stays stopped. Past a traced one they do not get: they are
 * told so, in bounded time, and it costs nothing else. Once it goes on all is as if nothing had been.
 */
#include <sys/ptrace.h>

#include "engine/lock.h"
#include "torture.h"

#define STOPS      400
#define TRACES     4
#define TRIES      20000
#define PATIENT_US 3000000 /* a stopped owner is seen after LOCK_LOOK_NS; the rest is a loaded machine */

static pid_t spawn(struct torture *t, int index)
{
	struct t_slot *slot = &t->control->slot[index];
	uint64_t seed = t_random(&t->random, 1u << 30);
	pid_t pid;

	memset(slot, 0, sizeof(*slot));
	t_must(nommu_mm_create(t->board, getpid(), "victim", &slot->mm), "mm_create");
	pid = fork();
	if (pid == 0) {
		os_task_renew(os_host.task());
		t_work(t_attach(t->fds, t->count, true), slot, &slot->mm, seed);
	}
	if (pid < 0)
		t_die("fork: %s", strerror(errno));
	slot->pid = pid;
	t_wait_ready(slot);
	return pid;
}

static void bury(struct torture *t, int index)
{
	struct t_slot *slot = &t->control->slot[index];

	kill(slot->pid, SIGKILL);
	while (waitpid(slot->pid, NULL, __WALL) < 0 && errno == EINTR)
		;
	t_must(nommu_mm_exit(t->board, &slot->mm), "mm_exit");
}

static char state_of(pid_t pid)
{
	char path[64], text[256] = "", *at;
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	stat = fopen(path, "r");
	if (!stat)
		return 0;
	at = fgets(text, sizeof(text), stat) ? strrchr(text, ')') : NULL;
	fclose(stat);
	return at ? at[2] : 0;
}

static bool is_inside(struct torture *t, pid_t pid)
{
	return (__atomic_load_n(&t->board->lock->word, __ATOMIC_RELAXED) & FUTEX_TID_MASK) == (uint32_t)pid;
}

static void stop(pid_t pid)
{
	int status;

	kill(pid, SIGSTOP);
	if (waitpid(pid, &status, WUNTRACED) != pid || !WIFSTOPPED(status))
		t_die("SIGSTOP did not stop the victim: status %#x", status);
}

/* A victim is stopped: what the daemon and the other victims do must end, and soon. Returns in how many us. */
static uint64_t get_past(struct torture *t, const struct t_slot *other)
{
	uint64_t begin = t_now_us(), took, ops = other->ops;
	struct nommu_stats s;
	int result = nommu_stats(t->board, &s);

	took = t_now_us() - begin;
	if (result || took > PATIENT_US)
		t_die("behind a stopped owner: %d after %llu us", result, (unsigned long long)took);
	while (other->ops - ops < 100 && t_now_us() - begin < 2 * PATIENT_US)
		t_sleep_us(100);
	if (other->ops - ops < 100)
		t_die("the other victim does not go on: %llu operations", (unsigned long long)(other->ops - ops));
	return took;
}

static void torture_stop(struct torture *t)
{
	uint64_t caught = 0, worst = 0;

	for (int i = 0; i < 2; i++)
		spawn(t, i);
	for (int i = 0; i < STOPS; i++) {
		struct t_slot *slot = &t->control->slot[i % 2];
		bool inside;
		uint64_t took, ops;

		t_sleep_us(t_random(&t->random, 500));
		stop(slot->pid);
		inside = is_inside(t, slot->pid);
		caught += inside;
		took = get_past(t, &t->control->slot[(i + 1) % 2]);
		worst = took > worst ? took : worst;
		if (inside) {
			/* Whoever woke it stops it again as soon as it has the lock itself. */
			for (int k = 0; state_of(slot->pid) != 'T' && k < 200; k++)
				t_sleep_us(5000);
			if (state_of(slot->pid) != 'T')
				t_die("the owner that was woken was left running: state %c", state_of(slot->pid));
			if (is_inside(t, slot->pid))
				t_die("the owner was stopped again inside of the lock");
		}
		t_verify(t, "beside a stopped victim");
		ops = slot->ops;
		kill(slot->pid, SIGCONT);
		for (int k = 0; slot->ops == ops && k < 2000; k++)
			t_sleep_us(1000);
		if (slot->ops == ops)
			t_die("a victim does not go on after SIGCONT");
	}
	for (int i = 0; i < 2; i++)
		bury(t, i);
	t_all_back(t, "after the stops");
	printf("stop     %d stops, %llu inside of the lock, the longest wait %llu us\n", STOPS,
	       (unsigned long long)caught, (unsigned long long)worst);
	if (!caught)
		t_die("no stop hit inside of the lock: nothing was tested");
}

/* Stop it by the debugger's interface until that happens inside of the lock. */
static void trace_inside(struct torture *t, pid_t pid)
{
	for (int i = 0; i < TRIES; i++) {
		int status;

		if (ptrace(PTRACE_INTERRUPT, pid, 0, 0))
			t_die("PTRACE_INTERRUPT: %s", strerror(errno));
		if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
			t_die("the victim did not stop: status %#x", status);
		if (is_inside(t, pid))
			return;
		ptrace(PTRACE_CONT, pid, 0, 0);
		t_sleep_us(t_random(&t->random, 100));
	}
	t_die("in %d tries no stop hit inside of the lock", TRIES);
}

static void torture_trace(struct torture *t)
{
	uint64_t begin, took, quick, worst = 0;
	struct nommu_stats s;
	pid_t pid;
	int result;

	pid = spawn(t, 0);
	for (int i = 0; i < TRACES; i++) {
		if (ptrace(PTRACE_SEIZE, pid, 0, 0))
			t_die("PTRACE_SEIZE: %s", strerror(errno));
		trace_inside(t, pid);
		begin = t_now_us();
		result = nommu_stats(t->board, &s);
		took = t_now_us() - begin;
		worst = took > worst ? took : worst;
		if (result != -EAGAIN || took > LOCK_TRACED_NS / 1000 + PATIENT_US)
			t_die("behind a traced owner: %d after %llu us", result, (unsigned long long)took);
		nommu_board_set_nonblocking(t->board, true);
		begin = t_now_us();
		result = nommu_stats(t->board, &s);
		quick = t_now_us() - begin;
		nommu_board_set_nonblocking(t->board, false);
		if (result != -EAGAIN || quick > 500000)
			t_die("behind a traced owner, non-blocking: %d after %llu us", result,
			      (unsigned long long)quick);
		if (!is_inside(t, pid) || state_of(pid) != 't')
			t_die("the traced owner was meddled with: state %c", state_of(pid));
		if (ptrace(PTRACE_DETACH, pid, 0, 0))
			t_die("PTRACE_DETACH: %s", strerror(errno));
		t_must(nommu_board_wait(t->board, 5000), "nommu_board_wait once the owner goes on");
		t_verify(t, "after the debugger left");
	}
	bury(t, 0);
	t_all_back(t, "after the debugger");
	printf("trace    %d owners traced inside of the lock, answered after at most %llu us\n", TRACES,
	       (unsigned long long)worst);
}

/* Killed while it is stopped inside: recovered as any dead owner. */
static void torture_stopped_dead(struct torture *t)
{
	uint64_t recoveries = t_recoveries(t), dead = 0;

	for (int i = 0; i < 300 && dead < 20; i++) {
		pid_t pid = spawn(t, 0);

		t_sleep_us(t_random(&t->random, 300));
		stop(pid);
		dead += is_inside(t, pid);
		bury(t, 0);
		t_all_back(t, "after a stopped owner was killed");
	}
	recoveries = t_recoveries(t) - recoveries;
	printf("stopped  %llu owners killed while stopped inside, %llu recoveries\n", (unsigned long long)dead,
	       (unsigned long long)recoveries);
	if (!dead || recoveries < dead)
		t_die("owners that were killed were not recovered from");
}

int main(void)
{
	struct torture t;

	t_open(&t, NOMMU_PROFILE_LINUX6);
	torture_stop(&t);
	torture_trace(&t);
	torture_stopped_dead(&t);
	t_close(&t);
	return 0;
}
