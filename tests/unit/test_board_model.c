/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_board_model - random board files of which it is known what they say and which lines are mistakes, against what
 * is read of them. BOARD_SEED=NUMBER gives the seed, which is printed.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "board_text.h"
#include "suites.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What was written, and what must be read. */
struct model {
	char text[16384];
	size_t size;
	unsigned int mistakes[512];
	size_t count;
	struct board board;    /* but for its rules */
	struct board patterns; /* the rules, as they must stand */
	bool has_board;
};

static uint64_t state;

static unsigned int draw(unsigned int below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)(state >> 33) % below;
}

static void put(struct model *m, const char *text)
{
	size_t length = strlen(text);

	ck_assert_uint_lt(m->size + length, sizeof(m->text));
	memcpy(m->text + m->size, text, length);
	m->size += length;
}

__attribute__((format(printf, 2, 3))) static unsigned int say(struct model *m, const char *format, ...)
{
	static const char *const indents[] = {"", "", "", " ", "\t", "   "};
	static const char *const ends[] = {
		"\n", "\r\n", " \n", "\t; a comment ]\n", " ;\r\n", "\n\n", "\n# x = y\n", "\n ;[z]\n",
	};
	unsigned int line = 1;
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (size_t i = 0; i < m->size; i++)
		line += m->text[i] == '\n';
	put(m, indents[draw(COUNT(indents))]);
	put(m, text);
	put(m, ends[draw(COUNT(ends))]);
	return line;
}

static void mistake(struct model *m, unsigned int line)
{
	ck_assert_uint_lt(m->count, COUNT(m->mistakes));
	m->mistakes[m->count++] = line;
}

/* A line that is one by itself; it may have been a key. */
static void say_wrong(struct model *m)
{
	static const char *const lines[] = {"what", "= x", "ram 5", "unknown = 5", "Ram = 5", "x:y"};

	mistake(m, say(m, "%s", lines[draw(COUNT(lines))]));
}

static const char *equals(void)
{
	static const char *const texts[] = {"=", " = ", ": ", "\t=\t"};

	return texts[draw(COUNT(texts))];
}

static void say_board(struct model *m)
{
	struct nommu_config *config = &m->board.config;
	unsigned int line = say(m, "[board]"), value = draw(8);
	bool again = m->has_board;

	m->has_board = true;
	if (again)
		mistake(m, line);
	if (again || draw(4) == 0) {
		mistake(m, say(m, "trim%s-%u", equals(), value));
		return;
	}
	say(m, "ram%s%uM", equals(), value + 1);
	config->ram = (value + 1ULL) << 20;
	say(m, "profile%s%s", equals(), value % 2 ? "linux6" : "bdi");
	config->profile = value % 2;
	if (draw(3) == 0)
		mistake(m, say(m, "ram = %u", value));
	say(m, "noexec%s%s", equals(), value & 2 ? "yes" : "no");
	m->board.noexec = value & 2;
	if (draw(2)) {
		config->trim = draw(1000);
		say(m, "trim%s%u", equals(), config->trim);
	} else {
		mistake(m, say(m, "trim%s%uM", equals(), 2048 + value));
	}
}

static void add_rules(struct board *to, const char *pattern, const struct bdi *bdi, bool denies, uint32_t deny)
{
	struct board_rule rule = {.pattern = (char *)(uintptr_t)pattern, .bdi = *bdi, .denies = denies, .deny = deny};

	ck_assert_int_eq(board_add_rule(to, &rule), 0);
}

static void say_image(struct model *m, unsigned int number)
{
	char path[32], file[32];
	struct board_image image = {.path = path, .file = file};
	bool caps = draw(2), bad = draw(4) == 0;
	unsigned int align = draw(24);

	snprintf(path, sizeof(path), "%s/i %u", draw(4) ? "" : "/dir", number);
	image.line = say(m, "[image %s%s%s]", bad ? "/proc" : "", path, draw(2) ? "/" : "");
	if (bad)
		mistake(m, image.line);
	if (draw(4) == 0)
		say_wrong(m);
	if (caps) {
		image.bdi = (struct bdi){.set = 1u << BDI_CAPABILITIES, .caps = 4 << draw(4)};
		say(m, "caps%s0x%x", equals(), image.bdi.caps);
	}
	if (align <= 20)
		image.align = 1u << align;
	if (align < 22) {
		unsigned int line = say(m, "align%s0x%x", equals(), 1u << align);

		if (align == 21)
			mistake(m, line);
	}
	snprintf(file, sizeof(file), "/host/f%u", number);
	say(m, "file%sf%u", equals(), number);
	if (bad)
		return;
	ck_assert_int_eq(board_add_image(&m->board, &image), 0);
}

static void say_caps(struct model *m)
{
	char pattern[32];
	struct bdi bdi = {0};
	bool bad = draw(4) == 0;
	unsigned int line;

	snprintf(pattern, sizeof(pattern), "%s/p[a]%u", bad ? "x" : "*", draw(10));
	line = say(m, "[caps %s ]", pattern);
	if (bad)
		mistake(m, line);
	if (draw(2)) {
		bdi.set |= 1u << BDI_READ;
		bdi.read = draw(2);
		say(m, "read%s%s", equals(), bdi.read ? "yes" : "no");
	}
	if (draw(2)) {
		bdi.set |= 1u << BDI_KIND;
		bdi.kind = NOMMU_KIND_CHAR;
		say(m, "kind%schar", equals());
		if (draw(2))
			mistake(m, say(m, "kind%sshm", equals()));
	}
	if (draw(2))
		mistake(m, say(m, "mmap%sEPERMIT", equals()));
	say_wrong(m);
	if (!bad && bdi.set)
		add_rules(&m->patterns, pattern, &bdi, false, 0);
}

static void say_policy(struct model *m)
{
	static const char *const names[] = {"", " [anonymous]", " /p"};
	static const char *const words[] = {"", "read", "write", "read,write", "exec", "read+exec"};
	unsigned int which = draw(COUNT(names)), prot = draw(COUNT(words));
	uint32_t deny = prot ? NOMMU_DENY | prot : 0;

	say(m, "[policy%s]", names[which]);
	if (draw(4) == 0)
		say_wrong(m);
	say(m, "deny%s%s", equals(), prot ? words[prot] : "none");
	if (which != 2)
		m->board.config.deny_anonymous = deny;
	if (which != 1)
		add_rules(&m->patterns, which ? "/p" : NULL, &(struct bdi){0}, true, deny);
}

static void say_unknown(struct model *m)
{
	static const char *const lines[] = {"[boards]", "[device /x]", "[Board]", "[board", "[board] x", "[]"};

	mistake(m, say(m, "%s", lines[draw(COUNT(lines))]));
	say(m, "ram%s5", equals());
}

static void write_model(struct model *m)
{
	unsigned int images = 0;

	*m = (struct model){0};
	board_init(&m->board);
	for (unsigned int sections = draw(16); sections--;) {
		switch (draw(5)) {
		case 0:
			say_board(m);
			break;
		case 1:
			say_image(m, images++);
			break;
		case 2:
			say_caps(m);
			break;
		case 3:
			say_policy(m);
			break;
		default:
			say_unknown(m);
		}
	}
	for (size_t i = 0; i < m->patterns.rule_count; i++)
		ck_assert_int_eq(board_add_rule(&m->board, &m->patterns.rules[i]), 0);
	board_free(&m->patterns);
}

/* The lines that were told of are the model's, in order, and none besides. */
static bool same_mistakes(const struct model *m, const struct t_told *told)
{
	const char *at = told->text;

	for (size_t i = 0; i < m->count; i++) {
		char *end;

		if (strtoul(at, &end, 10) != m->mistakes[i] || *end != ':')
			return false;
		at = strchr(end, '\n') + 1;
	}
	return !*at;
}

START_TEST(random_files_are_read_as_they_were_meant)
{
	const char *given = getenv("BOARD_SEED");
	size_t clean = 0, mistakes = 0;

	state = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
	printf("BOARD_SEED=%llu\n", (unsigned long long)state);
	for (int round = 0; round < 10000; round++) {
		struct model m;
		struct board board;
		struct t_told told;
		const char *difference;

		write_model(&m);
		t_board_read(&board, m.text, m.size, "/host", &told);
		ck_assert_msg(same_mistakes(&m, &told), "round %d:\n%.*s\ntold:\n%s", round, (int)m.size, m.text,
			      told.text);
		difference = t_board_difference(&board, &m.board);
		ck_assert_msg(!difference, "round %d, %s:\n%.*s", round, difference, (int)m.size, m.text);
		clean += !m.count && board.image_count && board.rule_count;
		mistakes += m.count;
		board_free(&board);
		board_free(&m.board);
	}
	/* Some 27 of 10000, as chance has it. */
	ck_assert_uint_gt(clean, 5);
	ck_assert_uint_gt(mistakes, 5000);
}
END_TEST

SUITE(board_model)
{
	Suite *suite = suite_create("board_model");
	TCase *model = tcase_create("model");

	tcase_set_timeout(model, 60);
	tcase_add_test(model, random_files_are_read_as_they_were_meant);
	suite_add_tcase(suite, model);
	return suite;
}
