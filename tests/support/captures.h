/*
 * An archive in memory for one capture (agent/capture/capture.h), and what is
 * in it afterwards.
 */
#ifndef TESTS_SUPPORT_CAPTURES_H
#define TESTS_SUPPORT_CAPTURES_H

#include "agent/capture/capture.h"
#include "storage/base/buf.h"

struct test_capture {
	char *dir;
	enum archive_rank rank;
	struct buf packed;
	struct archive_writer *writer;
	/* Without a clock and what cancels it; state_dir and scratch are in
	 * `dir`. */
	struct capture_env env;
	struct capture_report report;
};
/* The ranks before that of the capture are done. On a full disk: no more than
 * `room` bytes are written; 0: all are. */
void test_capture_init(
    struct test_capture *t, enum archive_rank rank, size_t room);
void test_capture_done(struct test_capture *t);

/* Ends the archive, which has these entries before CONTENTS.json, "path:
 * content" and a line each. */
void assert_captured(struct test_capture *t, const char *lines);
/* The same of their paths alone; none has ": " in it. */
void assert_captured_paths(struct test_capture *t, const char *lines);
/* That these are all warnings, or what is missing as "what: reason", a line
 * each. */
void assert_capture_warned(const struct test_capture *t, const char *lines);
void assert_capture_missing(const struct test_capture *t, const char *lines);

#endif
