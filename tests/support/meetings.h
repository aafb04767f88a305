/*
 * A snapshot (opened.h) that something else is held against, with all rules
 * built in, and the differences as JSON lines without commands.
 */
#ifndef TESTS_SUPPORT_MEETINGS_H
#define TESTS_SUPPORT_MEETINGS_H

#include "restore/meeting.h"
#include "tests/support/opened.h"
#include "tests/support/script_server.h"

struct test_meeting {
	struct test_opened o;
	struct meeting m;
	struct strvec only; /* for the meeting, until it is opened: all */
	struct buf out;	    /* the differences */
	struct script_server
	    *server; /* what is alive, stopped with it; or NULL */
};
void test_meeting_init(struct test_meeting *t);
void test_meeting_done(struct test_meeting *t);

/* Once all is added to the tree: more of the configuration, or "". */
void test_meeting_open(struct test_meeting *t, const char *config);

/* How many differences there are, by kind. */
void assert_found(const struct test_meeting *t, uint64_t added,
    uint64_t removed, uint64_t changed);
/* The one thing that could not be looked at, and a part of why. */
void assert_unseen(
    const struct test_meeting *t, const char *what, const char *reason);

#endif
