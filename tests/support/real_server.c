#include "tests/support/real_server.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int real_server_start(
    struct real_server *s, const char *kind, const char *arguments)
{
	char dir[] = "/tmp/backstay-unit-XXXXXX";

	if (!mkdtemp(dir)) {
		perror(dir);
		return -1;
	}
	s->dir = str_dup(dir);
	s->kind = str_dup(kind);
	/* Its daemons must not hold the pipe that the test reports to. */
	autofree char *command = str_printf(
	    "tests/servers/%s start %s/server %s >%s/start.log 2>&1 || "
	    "{ cat %s/start.log >&2; exit 1; }",
	    kind, dir, arguments, dir, dir);
	return system(command) == 0 ? 0 : -1;
}

void real_server_stop(struct real_server *s)
{
	if (!s->dir)
		return;
	autofree char *command =
	    str_printf("tests/servers/%s stop %s/server >&2; rm -rf %s",
		s->kind, s->dir, s->dir);
	if (system(command) != 0)
		fprintf(stderr, "%s could not be stopped\n", s->kind);
	free(s->dir);
	free(s->kind);
	*s = (struct real_server){0};
}

char *real_server_setting(const struct real_server *s, const char *name)
{
	autofree char *command =
	    str_printf(". %s/server/env; printf %%s \"$%s\"", s->dir, name);
	char text[1024] = "";
	FILE *p = popen(command, "re");

	if (!p)
		abort();
	size_t n = fread(text, 1, sizeof(text) - 1, p);
	text[n] = '\0';
	if (pclose(p) != 0)
		abort();
	return str_dup(text);
}
