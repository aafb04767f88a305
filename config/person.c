#include "config/person.h"

#include "storage/base/cleanup.h"
#include "storage/base/log.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { MAX_ANSWER = 1024 };

/* A signal asks to stop, and ends the question. */
static ssize_t read_line(int terminal, char line[MAX_ANSWER])
{
	ssize_t n = read(terminal, line, MAX_ANSWER);

	return n > 0 && line[n - 1] == '\n' ? n - 1 : -1;
}

/* Nobody is to read a secret over the person's shoulder. */
static ssize_t read_unseen(int terminal, char line[MAX_ANSWER])
{
	struct termios before;

	if (tcgetattr(terminal, &before))
		return -1;
	struct termios silent = before;
	silent.c_lflag &= (tcflag_t)~ECHO;
	if (tcsetattr(terminal, TCSAFLUSH, &silent))
		return -1;
	ssize_t n = read_line(terminal, line);
	tcsetattr(terminal, TCSAFLUSH, &before);
	dprintf(terminal, "\n");
	return n;
}

int person_ask(
    void *ctx, enum age_plugin_ask what, const char *text, struct buf *answer)
{
	char line[MAX_ANSWER];

	(void)ctx;
	log_progress("%s", "");
	if (what == AGE_PLUGIN_SHOW) {
		fprintf(stderr, "%s\n", text);
		return 0;
	}
	autoclose int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
	if (terminal < 0)
		return -1;
	dprintf(terminal, "%s%s: ", text,
	    what == AGE_PLUGIN_CONFIRM ? " (yes or no)" : "");
	ssize_t n = what == AGE_PLUGIN_SECRET ? read_unseen(terminal, line)
					      : read_line(terminal, line);
	if (n >= 0)
		buf_add(answer, line, (size_t)n);
	mem_wipe(line, sizeof(line));
	if (n < 0)
		return -1;
	return what == AGE_PLUGIN_CONFIRM && !str_eq(buf_str(answer), "yes");
}
