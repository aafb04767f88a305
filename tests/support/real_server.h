/*
 * The real servers of tests/servers, for a unit test that has to be told the
 * truth: one is started by a group's setup and ended by its teardown.
 */
#ifndef TESTS_SUPPORT_REAL_SERVER_H
#define TESTS_SUPPORT_REAL_SERVER_H

struct real_server {
	char *kind; /* a script of tests/servers */
	char *dir;
};

/* 0, or -1 after what went wrong was said on standard error. */
int real_server_start(
    struct real_server *s, const char *kind, const char *arguments);
void real_server_stop(struct real_server *s);
/* A value of the server's env file; the caller frees. */
char *real_server_setting(const struct real_server *s, const char *name);

#endif
