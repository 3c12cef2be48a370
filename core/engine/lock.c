/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/internal.h"
#include "engine/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/syscall.h>

/* The kernel's struct robust_list_head; its header is not made for C libraries. */
struct robust_head {
	void *next;
	long offset;
	void *pending;
};

static void task_enter(struct nommu_board *b, struct nommu_task *task)
{
	struct robust_head *head;

	/* First who it is: learning that forgets what was deferred. */
	if (unlikely(!task->tid))
		os_task_renew(task);
	task->inside = 1;
	atomic_signal_fence(memory_order_seq_cst);
	head = task->robust;
	/* The program itself may be inside of a robust mutex's operation, if this is a signal handler. */
	task->saved_pending = head->pending;
	*(void *volatile *)&head->pending = (char *)&b->lock->word - head->offset;
	atomic_signal_fence(memory_order_seq_cst);
}

static void task_leave(struct nommu_board *b, struct nommu_task *task)
{
	struct robust_head *head = task->robust;

	atomic_signal_fence(memory_order_seq_cst);
	*(void *volatile *)&head->pending = task->saved_pending;
	atomic_signal_fence(memory_order_seq_cst);
	task->inside = 0;
	atomic_signal_fence(memory_order_seq_cst);
	if (unlikely(task->deferred))
		b->os->leave(task);
}

/* One try. @seen becomes what was there. @waiters: others may be asleep, so the last one out must wake. */
static bool lock_try(struct seg_lock *lock, uint32_t tid, uint32_t waiters, uint64_t *seen, bool *died)
{
	uint64_t old = __atomic_load_n(&lock->both, __ATOMIC_RELAXED);
	uint32_t word = (uint32_t)old;
	uint64_t new;

	*seen = old;
	if (word & FUTEX_TID_MASK)
		return false;
	new = (old & ~0xffffffffULL) + (1ULL << 32);
	new |= tid | waiters | (word & FUTEX_WAITERS);
	if (!__atomic_compare_exchange_n(&lock->both, &old, new, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		*seen = old;
		return false;
	}
	*died = word & FUTEX_OWNER_DIED;
	return true;
}

/* Take it from an owner that is known to be dead, if the word is still that owner's. */
static bool lock_steal(struct seg_lock *lock, uint32_t tid, uint64_t seen)
{
	uint64_t new = ((seen & ~0xffffffffULL) + (1ULL << 32)) | tid | FUTEX_WAITERS;

	return __atomic_compare_exchange_n(&lock->both, &seen, new, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static void lock_release(struct nommu_board *b)
{
	uint32_t old = __atomic_exchange_n(&b->lock->word, 0, __ATOMIC_RELEASE);

	if (unlikely(old & FUTEX_WAITERS))
		b->os->syscall(SYS_futex, (long)&b->lock->word, FUTEX_WAKE, 1, 0, 0, 0);
}

enum owner {
	OWNER_UNKNOWN,
	OWNER_RUNS,
	OWNER_STOPPED,
	OWNER_TRACED,
	OWNER_DEAD,
};

static unsigned int put_decimal(char *text, uint32_t value)
{
	char digits[10];
	unsigned int n = 0, len = 0;

	do
		digits[n++] = (char)('0' + value % 10);
	while (value /= 10);
	while (n)
		text[len++] = digits[--n];
	return len;
}

/* What became of a task, by the host's /proc. @since: a task that was started later is another one. */
static enum owner owner_look(struct nommu_board *b, uint32_t tid, uint64_t since)
{
	char path[32] = "/proc/", text[512];
	unsigned int len = 6;
	uint64_t start = 0;
	long fd, n;
	char *at;

	len += put_decimal(path + len, tid);
	memcpy(path + len, "/stat", 6);
	fd = b->os->syscall(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
	if (fd < 0) {
		if (b->os->syscall(SYS_kill, (long)tid, 0, 0, 0, 0, 0) == -ESRCH)
			return OWNER_DEAD;
		return OWNER_UNKNOWN;
	}
	n = b->os->syscall(SYS_read, fd, (long)text, sizeof(text) - 1, 0, 0, 0);
	b->os->syscall(SYS_close, fd, 0, 0, 0, 0, 0);
	if (n <= 0)
		return OWNER_DEAD;
	text[n] = 0;
	/* The command may hold anything, so count from the last ')': state is the 1st field after it, start the 20th. */
	at = strrchr(text, ')');
	if (!at || !at[1])
		return OWNER_UNKNOWN;
	at += 2;
	char state = *at;

	for (int field = 1; field < 20 && *at; at++)
		if (*at == ' ')
			field++;
	for (; *at >= '0' && *at <= '9'; at++)
		start = start * 10 + (uint64_t)(*at - '0');
	if (start * 10000000u > since) /* USER_HZ is 100 on every Linux of today */
		return OWNER_DEAD;
	switch (state) {
	case 'Z':
	case 'X':
		return OWNER_DEAD;
	case 'T':
		return OWNER_STOPPED;
	case 't':
		return OWNER_TRACED;
	default:
		return OWNER_RUNS;
	}
}

bool lock_task_is_dead(struct nommu_board *b, uint32_t tid, uint64_t since)
{
	return owner_look(b, tid, since) == OWNER_DEAD;
}

/* Spin without touching the word for a while. */
static uint64_t lock_relax(uint64_t ns)
{
	uint64_t start = os_now(CLOCK_MONOTONIC), now;

	do {
		for (int i = 0; i < 32; i++)
			__builtin_ia32_pause();
		now = os_now(CLOCK_MONOTONIC);
	} while (now - start < ns);
	return now;
}

/* Somebody else holds the lock. Returns 0 with it, or -EAGAIN. */
static int lock_slow(struct nommu_board *b, uint32_t tid, bool *died, uint64_t patience)
{
	struct seg_lock *lock = b->lock;
	uint64_t begin = os_now(CLOCK_MONOTONIC), now = begin;
	uint64_t seen, held = 0, held_since = begin;
	uint32_t waiters = 0, restop = 0;
	int result = -EAGAIN;

	for (;;) {
		if (lock_try(lock, tid, waiters, &seen, died)) {
			result = 0;
			break;
		}
		if (seen != held) {
			held = seen;
			held_since = now;
		}
		if (now - begin >= patience)
			break;
		if (now - begin < LOCK_SPIN_NS || restop) {
			/* An owner that was woken may want this very CPU. */
			if (restop)
				b->os->syscall(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
			now = lock_relax(LOCK_TRY_NS);
			continue;
		}
		if (!((uint32_t)seen & FUTEX_TID_MASK))
			continue;
		if (!((uint32_t)seen & FUTEX_WAITERS)) {
			if (!__atomic_compare_exchange_n(&lock->both, &seen, seen | FUTEX_WAITERS, false,
							 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
				continue;
			seen |= FUTEX_WAITERS;
			held = seen; /* the same owner as before */
		}
		struct timespec nap = { 0, (long)min_u64(LOCK_LOOK_NS, patience - (now - begin)) };

		b->os->syscall(SYS_futex, (long)&lock->word, FUTEX_WAIT, (long)(uint32_t)seen, (long)&nap, 0, 0);
		waiters = FUTEX_WAITERS;
		now = os_now(CLOCK_MONOTONIC);
		if (now - held_since < LOCK_LOOK_NS || __atomic_load_n(&lock->both, __ATOMIC_RELAXED) != held)
			continue;

		uint32_t owner = (uint32_t)held & FUTEX_TID_MASK;
		uint32_t generation = (uint32_t)(held >> 32), nudged = lock->nudged;

		/* Until the owner has said since when it is there, nothing can be known of it. */
		uint64_t since = __atomic_load_n(&lock->since, __ATOMIC_ACQUIRE);

		if (__atomic_load_n(&lock->since_generation, __ATOMIC_ACQUIRE) != generation)
			since = UINT64_MAX;
		switch (owner_look(b, owner, since)) {
		case OWNER_DEAD:
			if (!lock_steal(lock, tid, held))
				continue;
			*died = true;
			result = 0;
			goto out;
		case OWNER_STOPPED:
			/* One waiter wakes it; the others would stop it again too late. */
			if (nudged == generation ||
			    !__atomic_compare_exchange_n(&lock->nudged, &nudged, generation, false, __ATOMIC_RELAXED,
							 __ATOMIC_RELAXED))
				break;
			if (b->os->syscall(SYS_kill, owner, SIGCONT, 0, 0, 0, 0) == 0) {
				restop = owner;
				begin = now; /* it needs time to leave */
			}
			break;
		case OWNER_TRACED:
			if (now - held_since >= LOCK_TRACED_NS)
				goto out;
			break;
		case OWNER_RUNS:
		case OWNER_UNKNOWN:
			break;
		}
	}
out:
	if (restop)
		b->os->syscall(SYS_kill, restop, SIGSTOP, 0, 0, 0, 0);
	return result;
}

/* With the lock of a dead owner. */
static void recover(struct nommu_board *b)
{
	struct nommu_why why;

	journal_rollback(b);
	b->header->recoveries++;
	if (!b->damaged && verify_tables(b, &why) != 0)
		b->damaged = true;
}

static int begin(struct nommu_board *b, bool wait, uint64_t patience)
{
	struct nommu_task *task = b->os->task();
	uint64_t seen;
	bool died = false;

	/* A second entry by the same task can only be the handler of a fault inside. */
	if (unlikely(task->inside && task->tid && (b->lock->word & FUTEX_TID_MASK) == task->tid))
		return -EIO;
	task_enter(b, task);
	if (unlikely(!lock_try(b->lock, task->tid, 0, &seen, &died))) {
		int result = lock_slow(b, task->tid, &died, wait ? patience : LOCK_SPIN_NS);

		if (result) {
			task_leave(b, task);
			return result;
		}
	}
	__atomic_store_n(&b->lock->since, task->since, __ATOMIC_RELEASE);
	__atomic_store_n(&b->lock->since_generation, __atomic_load_n(&b->lock->generation, __ATOMIC_RELAXED),
			 __ATOMIC_RELEASE);
	b->damaged = false;
	if (unlikely(died || b->journal->count))
		recover(b);
	if (unlikely(b->damaged))
		b->header->state = SEG_STOPPED;
	if (unlikely(b->header->state != SEG_RUNNING)) {
		lock_release(b);
		task_leave(b, task);
		return -EIO;
	}
	return 0;
}

int tx_begin(struct nommu_board *b)
{
	return begin(b, !b->nonblocking, LOCK_PATIENCE_NS);
}

int tx_begin_waiting(struct nommu_board *b)
{
	return begin(b, true, LOCK_PATIENCE_NS);
}

int tx_end(struct nommu_board *b)
{
	struct nommu_task *task = b->os->task();
	int result = 0;

	if (unlikely(b->damaged)) {
		journal_rollback(b);
		b->header->state = SEG_STOPPED;
		result = -EIO;
	} else {
		journal_commit(b);
	}
	lock_release(b);
	task_leave(b, task);
	return result;
}

void tx_abort(struct nommu_board *b)
{
	struct nommu_task *task = b->os->task();

	journal_rollback(b);
	if (unlikely(b->damaged))
		b->header->state = SEG_STOPPED;
	lock_release(b);
	task_leave(b, task);
}

void tx_step(struct nommu_board *b)
{
	if (likely(!b->damaged))
		journal_commit(b);
}

int lock_wait(struct nommu_board *b, uint64_t ns)
{
	int result = begin(b, true, ns);

	return result ? result : tx_end(b);
}
