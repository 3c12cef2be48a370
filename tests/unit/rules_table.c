/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rules_table - see rules_table.h. The columns are those of the rules' own tables: the place in `bdi` and in `linux6`,
 * when, and what then, in `bdi` and in `linux6`.
 *
 * Two rows cannot be seen from outside as long as another stands before them ("behind"). They are kept because the
 * rules have them, and are looked at with the other left out.
 */
#include "rules_table.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>

#define BIT(n) (UINT64_C(1) << (n))

/* What both steps know. These four change on the way. */
#define COPY      BIT(0)
#define DIRECT    BIT(1)
#define SHAREABLE BIT(2)
#define NO_OP     BIT(3) /* the address operation is not to be asked */

/* check: the protection that is asked, what the policy forbids, what the capabilities permit */
#define ASKS(prot)  ((uint64_t)(prot) << 4)
#define R           ASKS(PROT_READ)
#define W           ASKS(PROT_WRITE)
#define X           ASKS(PROT_EXEC)
#define DENIES(prot) ((uint64_t)(prot) << 7)
#define DENY_SET    BIT(10)
#define CAN_R       BIT(11)
#define CAN_W       BIT(12)
#define CAN_X       BIT(13)
#define CAPS        (COPY | DIRECT | CAN_R | CAN_W | CAN_X)
#define CAPS_SET    BIT(14)

/* check: the call */
#define ANON         BIT(15)
#define OF_FILE      BIT(16) /* exactly one of the two is set */
#define OFFSET_ODD   BIT(17)
#define OFFSET_WRAPS BIT(18)
#define FD_OPEN      BIT(19)
#define FD_PATH      BIT(20)
#define FD_READ      BIT(21)
#define FD_WRITE     BIT(22)
#define FIXED        BIT(23)
#define NOREPLACE    BIT(24)
#define ADDR         BIT(25)
#define SHARED       BIT(26)
#define PRIVATE      BIT(27)
#define LENGTH_0     BIT(28)
#define LENGTH_WRAPS BIT(29)
#define LENGTH_OVER  BIT(30)
#define TRACED       BIT(31)
#define IMPLY_X      BIT(32)

/* check: the file */
#define REGULAR  BIT(33)
#define BLOCK    BIT(34)
#define CHAR     BIT(35)
#define SHM      BIT(36)
#define OTHER    BIT(37)
#define NO_MAP   BIT(38)
#define NO_ADDR  BIT(39)
#define NO_READ  BIT(40)
#define APPEND   BIT(41)
#define NO_EXEC  BIT(42)
#define MANDLOCK BIT(43)
#define LOCKED   BIT(44)

/* place */
#define EXACT    BIT(45)
#define PART     BIT(46)
#define IN_PLACE BIT(47) /* the region found is direct */
#define OVERLAP  BIT(48)
#define A_OK     BIT(49)
#define A_ENOSYS BIT(50)
#define A_ERRNO  BIT(51)
#define M_OK     BIT(52)
#define M_ENOSYS BIT(53)
#define M_ERRNO  BIT(54)
#define GIVEN    BIT(55) /* the address operation was asked and gave an address */

#define REFUSE(id, bdi, linux6, all, none, bdi_errno, linux6_errno, text) \
	{NOMMU_RULE_##id, text, {bdi, linux6}, all, none, {bdi_errno, linux6_errno}, 0, 0, 0, NOMMU_RULE_NONE}
#define CHANGE_BEHIND(first, id, bdi, linux6, all, none, clear, set, text) \
	{NOMMU_RULE_##id, text, {bdi, linux6}, all, none, {0, 0}, 0, clear, set, NOMMU_RULE_##first}
#define CHANGE(id, bdi, linux6, all, none, clear, set, text) \
	{NOMMU_RULE_##id, text, {bdi, linux6}, all, none, {0, 0}, 0, clear, set, NOMMU_RULE_NONE}
#define END(id, bdi, linux6, all, none, action, text) \
	{NOMMU_RULE_##id, text, {bdi, linux6}, all, none, {0, 0}, action, 0, 0, NOMMU_RULE_NONE}

/* The policy names this protection, and the mapping asks all of it. */
#define DENIED(prot, text) \
	REFUSE(SECURITY, 25, 3, DENY_SET | DENIES(prot) | ASKS(prot), DENIES((prot) ^ 7), EPERM, EPERM, text)

/* In `bdi` no bit at all counts as unset, however it came about; in `linux6` only unset does. */
#define DEFAULT(kind, caps, text) \
	CHANGE(DEFAULT_CAPS, 10, 0, OF_FILE | (kind), CAPS, 0, caps, text), \
	CHANGE(DEFAULT_CAPS, 0, 10, OF_FILE | (kind), CAPS_SET, 0, caps, text)
#define HAS_DEFAULT (REGULAR | BLOCK | SHM | CHAR)

static const struct table_row check_rows[] = {
	REFUSE(OFFSET_ALIGN, 1, 1, OFFSET_ODD, 0, EINVAL, EINVAL, "offset not a page multiple"),
	REFUSE(BAD_DESCRIPTOR, 2, 2, OF_FILE, FD_OPEN, EBADF, EBADF, "closed"),
	REFUSE(BAD_DESCRIPTOR, 2, 2, OF_FILE | FD_PATH, 0, EBADF, EBADF, "O_PATH"),
	REFUSE(FIXED, 3, 4, FIXED, 0, EINVAL, EINVAL, "MAP_FIXED"),
	REFUSE(FIXED, 3, 0, NOREPLACE, 0, EINVAL, 0, "MAP_FIXED_NOREPLACE"),
	REFUSE(HINT, 4, 0, ADDR, 0, EINVAL, 0, "an address is given"),
	REFUSE(TYPE, 5, 5, 0, PRIVATE | SHARED, EINVAL, EINVAL, "neither PRIVATE nor SHARED"),
	REFUSE(LENGTH_ZERO, 6, 6, LENGTH_0, 0, EINVAL, EINVAL, "length 0"),
	REFUSE(LENGTH_RANGE, 7, 7, LENGTH_WRAPS, 0, EINVAL, ENOMEM, "wraps when rounded up"),
	REFUSE(LENGTH_RANGE, 7, 7, LENGTH_OVER, 0, EINVAL, ENOMEM, "exceeds the address space"),
	REFUSE(OFFSET_WRAP, 8, 8, OFFSET_WRAPS, 0, EINVAL, EOVERFLOW, "pgoff + pages wraps"),

	CHANGE(NONE, 9, 9, ANON, 0, 0, COPY, "anonymous: copy alone"),
	REFUSE(NO_MMAP, 9, 9, OF_FILE | NO_MAP, 0, ENODEV, ENODEV, "no map operation"),
	REFUSE(NO_MMAP, 9, 9, OF_FILE | OTHER, 0, ENODEV, ENODEV, "a kind that has no map operation"),
	DEFAULT(REGULAR, COPY, "regular: copy"),
	DEFAULT(BLOCK, COPY, "block: copy"),
	DEFAULT(SHM, COPY, "shm as regular: copy"),
	DEFAULT(CHAR, DIRECT | CAN_R | CAN_W, "char: direct, read, write"),
	REFUSE(DEFAULT_CAPS, 10, 0, OF_FILE, CAPS | HAS_DEFAULT, EINVAL, 0, "no default for this kind"),
	REFUSE(DEFAULT_CAPS, 0, 10, OF_FILE, CAPS_SET | HAS_DEFAULT, 0, EINVAL, "no default for this kind"),
	CHANGE(DEFAULT_CAPS, 10, 10, OF_FILE, DIRECT, DIRECT, 0, "no direct among them, set or not"),
	CHANGE(STRIP, 11, 11, OF_FILE | NO_ADDR | DIRECT, 0, DIRECT, 0, "no address operation: direct"),
	CHANGE(STRIP, 11, 11, OF_FILE | NO_READ | COPY, 0, COPY, 0, "no read operation: copy"),
	REFUSE(UNREADABLE, 0, 12, OF_FILE, FD_READ, 0, EACCES, "not open for reading"),

	REFUSE(SHARED_WRITE, 13, 13, OF_FILE | SHARED | W, FD_WRITE, EACCES, EACCES, "not open for writing"),
	REFUSE(APPEND, 14, 14, OF_FILE | SHARED | APPEND | FD_WRITE, 0, EACCES, EACCES, "append-only inode"),
	REFUSE(LOCKED, 15, 0, OF_FILE | SHARED | MANDLOCK | LOCKED, 0, EAGAIN, 0, "another's mandatory lock"),
	REFUSE(SHARED_NOT_DIRECT, 16, 16, OF_FILE | SHARED, DIRECT, ENODEV, ENODEV, "without direct"),
	REFUSE(SHARED_PROTECTION, 17, 17, OF_FILE | SHARED | R, CAN_R, EINVAL, EINVAL, "read"),
	REFUSE(SHARED_PROTECTION, 17, 17, OF_FILE | SHARED | W, CAN_W, EINVAL, EINVAL, "write"),
	REFUSE(SHARED_PROTECTION, 17, 17, OF_FILE | SHARED | X, CAN_X, EINVAL, EINVAL, "exec"),
	CHANGE(SHARED_NO_COPY, 18, 18, OF_FILE | SHARED | COPY, 0, COPY, 0, "copy is dropped"),

	REFUSE(PRIVATE_NO_COPY, 19, 19, OF_FILE | PRIVATE, COPY, ENODEV, ENODEV, "without copy"),
	CHANGE(PRIVATE_WRITE, 20, 20, OF_FILE | PRIVATE | W | DIRECT, 0, DIRECT, 0, "always an own copy"),
	CHANGE(PRIVATE_PROTECTION, 21, 21, OF_FILE | PRIVATE | R | DIRECT, CAN_R, DIRECT, 0, "read"),
	CHANGE_BEHIND(PRIVATE_WRITE, PRIVATE_PROTECTION, 21, 21, OF_FILE | PRIVATE | W | DIRECT, CAN_W, DIRECT, 0,
		      "write"),
	CHANGE(PRIVATE_PROTECTION, 21, 21, OF_FILE | PRIVATE | X | DIRECT, CAN_X, DIRECT, 0, "exec"),

	REFUSE(NOEXEC, 22, 22, OF_FILE | X | NO_EXEC, 0, EPERM, EPERM, "exec on a noexec mount"),
	CHANGE_BEHIND(PRIVATE_PROTECTION, EXEC_COPY, 23, 23, OF_FILE | R | X | DIRECT, CAN_X, DIRECT, 0,
		      "read and exec without exec"),
	CHANGE(READ_IMPLIES_EXEC, 24, 0, ANON | IMPLY_X | R, X, 0, X, "anonymous"),
	CHANGE(READ_IMPLIES_EXEC, 24, 0, OF_FILE | IMPLY_X | R | CAN_X, X | NO_EXEC, 0, X, "a file with exec"),
	DENIED(0, "denies every mapping"),
	DENIED(PROT_READ, "denies read"),
	DENIED(PROT_WRITE, "denies write"),
	DENIED(PROT_READ | PROT_WRITE, "denies read, write"),
	DENIED(PROT_EXEC, "denies exec"),
	DENIED(PROT_READ | PROT_EXEC, "denies read, exec"),
	DENIED(PROT_WRITE | PROT_EXEC, "denies write, exec"),
	DENIED(PROT_READ | PROT_WRITE | PROT_EXEC, "denies read, write, exec"),

	/* definitions, below the table there */
	CHANGE(NONE, 26, 26, OF_FILE | NO_ADDR, 0, 0, NO_OP, "there is no address operation"),
	CHANGE(TRACED, 26, 26, OF_FILE | PRIVATE | TRACED, 0, DIRECT, NO_OP, "an own copy, nobody is asked"),
	CHANGE(NONE, 27, 27, OF_FILE | SHARED, 0, 0, SHAREABLE, "shareable: SHARED"),
	CHANGE(NONE, 27, 27, OF_FILE | PRIVATE, W | TRACED, 0, SHAREABLE, "shareable: PRIVATE otherwise"),
};

static const struct table_row place_rows[] = {
	END(ANONYMOUS, 1, 1, ANON, 0, RULES_COPY, "anonymous memory is never re-used"),

	REFUSE(MAP_REFUSED, 0, 2, SHAREABLE | EXACT | IN_PLACE | M_ERRNO, 0, 0, TABLE_MAP_ANSWER, "asked again: errno"),
	REFUSE(MAP_REFUSED, 0, 2, SHAREABLE | PART | IN_PLACE | M_ERRNO, 0, 0, TABLE_MAP_ANSWER, "asked again: errno"),
	REFUSE(MAP_REFUSED, 0, 2, SHAREABLE | EXACT | IN_PLACE | M_ENOSYS, 0, 0, ENODEV, "asked again: ENOSYS"),
	REFUSE(MAP_REFUSED, 0, 2, SHAREABLE | PART | IN_PLACE | M_ENOSYS, 0, 0, ENODEV, "asked again: ENOSYS"),
	END(REUSE, 3, 3, SHAREABLE | EXACT | IN_PLACE, 0, RULES_JOIN, "exact, direct"),
	END(REUSE, 3, 3, SHAREABLE | EXACT, SHARED | IN_PLACE, RULES_JOIN, "exact, a copy, not by SHARED"),
	END(REUSE, 0, 3, SHAREABLE | PART | IN_PLACE, 0, RULES_JOIN, "part, direct"),
	END(REUSE, 0, 3, SHAREABLE | PART, SHARED | IN_PLACE, RULES_JOIN, "part, a copy, not by SHARED"),

	REFUSE(SHARE_OVERLAP, 4, 4, SHAREABLE | OVERLAP, DIRECT, EINVAL, EINVAL, "inexact, and direct is lost"),

	REFUSE(ADDRESS_REFUSED, 5, 0, SHAREABLE | A_ERRNO, NO_OP, TABLE_ADDRESS_ANSWER, 0, "errno"),
	REFUSE(ADDRESS_REFUSED, 0, 5, SHAREABLE | DIRECT | A_ERRNO, NO_OP, 0, TABLE_ADDRESS_ANSWER, "errno"),
	REFUSE(ADDRESS_REFUSED, 6, 6, SHAREABLE | DIRECT | A_ENOSYS, NO_OP | COPY, ENODEV, ENODEV,
	       "ENOSYS, no copy left"),
	CHANGE(ADDRESS_REFUSED, 7, 7, SHAREABLE | DIRECT | A_ENOSYS | COPY, NO_OP, DIRECT, 0, "ENOSYS: copied"),
	CHANGE(NONE, 8, 8, SHAREABLE | DIRECT | A_OK, NO_OP, 0, GIVEN, "an address was given"),

	REFUSE(MAP_REFUSED, 9, 0, M_ERRNO, 0, TABLE_MAP_ANSWER, 0, "errno, copies too"),
	REFUSE(MAP_REFUSED, 0, 9, DIRECT | M_ERRNO, 0, 0, TABLE_MAP_ANSWER, "errno"),
	END(DIRECT, 10, 10, DIRECT | GIVEN | M_OK, 0, RULES_DIRECT, "both said ok"),
	REFUSE(MAP_REFUSED, 11, 11, SHARED, 0, ENODEV, ENODEV, "ENOSYS, SHARED"),
	CHANGE(MAP_REFUSED, 12, 12, DIRECT, 0, DIRECT, 0, "ENOSYS, PRIVATE: copied"),
	END(COPY, 13, 13, 0, 0, RULES_COPY, "a copy"),
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
_Static_assert(COUNT(check_rows) <= 64 && COUNT(place_rows) <= 64, "sets of rows are masks of 64 bits");

const struct table table_check = {check_rows, COUNT(check_rows)};
const struct table table_place = {place_rows, COUNT(place_rows)};

/* The rows of a profile, by place and then as they stand above. Sorted once, before main. */
struct order {
	unsigned int count;
	uint8_t row[64];
};

static struct order check_order[TABLE_PROFILES], place_order[TABLE_PROFILES];

static void order_fill(const struct table *table, unsigned int profile, struct order *order)
{
	for (unsigned int place = 1; place <= UINT8_MAX; place++)
		for (unsigned int i = 0; i < table->count; i++)
			if (table->rows[i].place[profile] == place)
				order->row[order->count++] = i;
}

__attribute__((constructor)) static void orders_fill(void)
{
	for (unsigned int profile = 0; profile < TABLE_PROFILES; profile++) {
		order_fill(&table_check, profile, &check_order[profile]);
		order_fill(&table_place, profile, &place_order[profile]);
	}
}

uint64_t table_rows_of(const struct table *table, enum nommu_rule rule)
{
	uint64_t rows = 0;

	for (unsigned int i = 0; i < table->count; i++)
		if (table->rows[i].rule == rule)
			rows |= BIT(i);
	return rows;
}

uint64_t table_rows_in(const struct table *table, enum nommu_profile profile)
{
	uint64_t rows = 0;

	for (unsigned int i = 0; i < table->count; i++)
		if (table->rows[i].place[profile])
			rows |= BIT(i);
	return rows;
}

struct walk {
	uint64_t word;
	uint64_t fired;
	enum nommu_rule dropped; /* what took direct away first */
};

/* Take the rows in order. Returns the one that refused or ended, NULL if none did. */
static const struct table_row *walk(const struct table_row *rows, const struct order *order, unsigned int profile,
				    uint64_t omit, struct walk *w)
{
	for (unsigned int i = 0; i < order->count; i++) {
		const struct table_row *row = &rows[order->row[i]];

		if ((w->word & row->all) != row->all || w->word & row->none || omit & BIT(order->row[i]))
			continue;
		w->fired |= BIT(order->row[i]);
		if (row->error[profile] || row->end)
			return row;
		if (row->clear & DIRECT && !w->dropped)
			w->dropped = row->rule;
		w->word = (w->word & ~row->clear) | row->set;
	}
	return NULL;
}

/* ---- check ----------------------------------------------------------------------------------------------------- */

static uint64_t on(bool condition, uint64_t bit)
{
	return condition ? bit : 0;
}

static uint64_t pgoff_of(const struct rules_call *call)
{
	return (uint64_t)(call->offset >> NOMMU_PAGE_SHIFT);
}

static uint64_t pages_of(const struct rules_call *call)
{
	return (call->length + (NOMMU_PAGE_SIZE - 1)) / NOMMU_PAGE_SIZE;
}

static uint64_t word_of_length(const struct rules_call *call)
{
	uint64_t pages = pages_of(call);

	return on(!call->length, LENGTH_0) | on(call->length && !pages, LENGTH_WRAPS) |
	       on(call->length > call->limit, LENGTH_OVER) | on(pages > UINT64_MAX - pgoff_of(call), OFFSET_WRAPS);
}

static uint64_t word_of_call(const struct rules_call *call)
{
	int type = call->flags & MAP_TYPE;

	return word_of_length(call) | ASKS(call->prot & (PROT_READ | PROT_WRITE | PROT_EXEC)) |
	       on(call->flags & MAP_ANONYMOUS, ANON) | on(!(call->flags & MAP_ANONYMOUS), OF_FILE) |
	       on(call->offset % (int64_t)NOMMU_PAGE_SIZE, OFFSET_ODD) | on(call->fd & NOMMU_FD_OPEN, FD_OPEN) |
	       on(call->fd & NOMMU_FD_PATH, FD_PATH) | on(call->fd & NOMMU_FD_READ, FD_READ) |
	       on(call->fd & NOMMU_FD_WRITE, FD_WRITE) | on(call->flags & MAP_FIXED, FIXED) |
	       on(call->flags & MAP_FIXED_NOREPLACE, NOREPLACE) | on(call->addr, ADDR) |
	       on(type == MAP_SHARED, SHARED) | on(type == MAP_PRIVATE, PRIVATE) |
	       on(call->task & NOMMU_TASK_TRACED, TRACED) | on(call->task & NOMMU_TASK_READ_IMPLIES_EXEC, IMPLY_X) |
	       on(call->locked, LOCKED);
}

static uint64_t word_of_file(const struct nommu_file_attr *file)
{
	uint32_t caps = file->flags & NOMMU_FILE_CAPS_SET ? file->caps : 0;

	return on(file->flags & NOMMU_FILE_CAPS_SET, CAPS_SET) | on(caps & BDI_CAP_MAP_COPY, COPY) |
	       on(caps & BDI_CAP_MAP_DIRECT, DIRECT) | on(caps & BDI_CAP_READ_MAP, CAN_R) |
	       on(caps & BDI_CAP_WRITE_MAP, CAN_W) | on(caps & BDI_CAP_EXEC_MAP, CAN_X) |
	       on(file->kind == NOMMU_KIND_REGULAR, REGULAR) | on(file->kind == NOMMU_KIND_BLOCK, BLOCK) |
	       on(file->kind == NOMMU_KIND_CHAR, CHAR) | on(file->kind == NOMMU_KIND_SHM, SHM) |
	       on(file->kind == NOMMU_KIND_OTHER, OTHER) | on(file->map_op == NOMMU_OP_NONE, NO_MAP) |
	       on(file->address_op == NOMMU_OP_NONE, NO_ADDR) | on(file->flags & NOMMU_FILE_NO_READ, NO_READ) |
	       on(file->flags & NOMMU_FILE_APPEND, APPEND) | on(file->flags & NOMMU_FILE_NOEXEC, NO_EXEC) |
	       on(file->flags & NOMMU_FILE_MANDLOCK, MANDLOCK);
}

static uint64_t word_of_policy(uint32_t deny)
{
	return on(deny & NOMMU_DENY, DENY_SET) | DENIES(deny & (PROT_READ | PROT_WRITE | PROT_EXEC));
}

void table_check_walk(enum nommu_profile profile, const struct rules_call *call, const struct nommu_file_attr *file,
		      uint64_t omit, struct table_checked *out)
{
	struct walk w = {word_of_call(call) | (file ? word_of_file(file) : 0) |
				 word_of_policy(file ? file->deny : call->deny_anonymous), 0, NOMMU_RULE_NONE};
	const struct table_row *end = walk(check_rows, &check_order[profile], profile, omit, &w);

	*out = (struct table_checked){.fired = w.fired};
	if (end) {
		out->error = -end->error[profile];
		out->plan.rule = end->rule;
		return;
	}
	out->plan = (struct rules_plan){
		.prot = (w.word & R ? PROT_READ : 0) | (w.word & W ? PROT_WRITE : 0) | (w.word & X ? PROT_EXEC : 0),
		.anonymous = w.word & ANON,
		.shared = (w.word & (OF_FILE | SHARED)) == (OF_FILE | SHARED),
		.shareable = w.word & SHAREABLE,
		.direct = w.word & DIRECT,
		.copy = w.word & COPY,
		.no_address_op = w.word & NO_OP,
		.pgoff = pgoff_of(call),
		.pages = pages_of(call),
		.dropped = w.dropped,
	};
}

/* ---- place ----------------------------------------------------------------------------------------------------- */

static uint64_t word_of_answer(int answer, uint64_t ok, uint64_t no_answer, uint64_t refused)
{
	if (answer == NOMMU_OP_NONE)
		return 0;
	if (answer == 0)
		return ok;
	return answer == -ENOSYS ? no_answer : refused;
}

static int error_of(int error, const struct rules_answers *answers)
{
	if (error == TABLE_ADDRESS_ANSWER)
		return answers->address;
	return error == TABLE_MAP_ANSWER ? answers->map : -error;
}

void table_place_walk(enum nommu_profile profile, const struct rules_plan *plan, const struct rules_found *found,
		      const struct rules_answers *answers, uint64_t omit, struct table_placed *out)
{
	struct walk w = {on(plan->anonymous, ANON) | on(plan->shared, SHARED) | on(plan->shareable, SHAREABLE) |
				 on(plan->direct, DIRECT) | on(plan->copy, COPY) | on(plan->no_address_op, NO_OP) |
				 on(found->match == RULES_MATCH_EXACT, EXACT) |
				 on(found->match == RULES_MATCH_PART, PART) | on(found->direct, IN_PLACE) |
				 on(found->overlap, OVERLAP) |
				 word_of_answer(answers->address, A_OK, A_ENOSYS, A_ERRNO) |
				 word_of_answer(answers->map, M_OK, M_ENOSYS, M_ERRNO),
			 0, plan->dropped};
	const struct table_row *end = walk(place_rows, &place_order[profile], profile, omit, &w);

	*out = (struct table_placed){.fired = w.fired};
	if (!end)
		return;
	out->placed.action = end->end ? (enum rules_action)end->end : RULES_REFUSE;
	out->placed.error = end->end ? 0 : error_of(end->error[profile], answers);
	out->placed.rule = end->rule;
	out->placed.dropped = out->placed.action == RULES_COPY ? w.dropped : NOMMU_RULE_NONE;
}
