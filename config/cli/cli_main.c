#include "config/cli/cli_main.h"

#include "config/cli/cli_help.h"
#include "config/connect.h"
#include "config/settings.h"
#include "config/watch/watch.h"
#include "storage/base/cancel.h"
#include "storage/base/cleanup.h"
#include "storage/base/clock.h"
#include "storage/base/log.h"
#include "storage/base/mem.h"
#include "storage/base/random.h"
#include "storage/base/secret.h"
#include "storage/crypto/age.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A signal handler is given nothing but the number: these two have to be
 * global. */
static struct cancel cancel;
static bool terminal; /* standard error is one, and --quiet was not given */

/* The first signal asks for a clean stop; the second ends the program as it
 * would have without us. */
static void on_signal(int number)
{
	int before = errno;

	if (cancel_requested(&cancel)) {
		signal(number, SIG_DFL);
		raise(number);
		return;
	}
	cancel_request(&cancel);
	if (terminal) {
		static const char note[] =
		    "\nstopping cleanly; once more to end at once\n";
		ssize_t ignored = write(STDERR_FILENO, note, sizeof(note) - 1);
		(void)ignored;
	}
	errno = before;
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct sigaction before;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* Under nohup(1) it is to go on. */
	if (sigaction(SIGHUP, NULL, &before) || before.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &action, NULL);
	/* A connection that breaks is an error of that connection. */
	signal(SIGPIPE, SIG_IGN);
}

/* A standard stream that is closed would be given to the next file we open, and
 * events would be written into that file. The mode is the wrong one on purpose:
 * reading or printing still fails. */
static void hold_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)!open("/dev/null",
			    fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

static int print(const struct buf *text)
{
	fwrite(buf_str(text), 1, text->len, stdout);
	return fflush(stdout) ? 3 : 0;
}

static int failed(const struct err *err)
{
	log_progress("%s", "");
	log_error("%s", err->message);
	return err_exit_status(err);
}

/* Whether everything that was printed has arrived. A reader that has seen
 * enough and is gone, such as head(1), is not a failure. */
static int finish_output(struct err *err)
{
	struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	if (poll(&out, 1, 0) == 1 && out.revents & POLLERR)
		return 0;
	/* stdio keeps no reason of a write that failed earlier. */
	return err_set(err, ERR_SYSTEM,
	    "standard output did not take all that was printed: is its disk "
	    "full?");
}

static struct settings *load_settings(
    const struct cli_common *common, struct err *err)
{
	cleanup(strvec_done) struct strvec exposed = VEC_INIT;
	struct settings *s = settings_load(settings_file(common->config), err);

	if (s)
		settings_exposed(s, &exposed);
	VEC_EACH (&exposed, text)
		log_warn("%s", *text);
	return s;
}

static int run_command(const struct cli_program *p,
    const struct cli_command *command, struct cli_run *with, struct err *err)
{
	const struct cli_common *common = with->options;
	const struct watch_options w = {.program = p->name,
	    .command = command->name,
	    .settings = with->settings,
	    .env = *with->env};

	if (command->watched && !common->dry_run)
		with->watch = watch_start(&w);
	int status = command->run(with, err);
	if (with->watch)
		watch_finish(with->watch, status, err);
	return status;
}

static int run(const struct cli_program *p, const struct cli_request *r,
    void *options, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (r->help) {
		cli_help(p, r->command, &text);
		return print(&text);
	}
	if (r->version) {
		buf_printf(&text,
		    "%s %s\n"
		    "recipients of age: X25519 (age1...), %sSSH (ssh-ed25519 "
		    "...), passphrases; by a plugin of that name: "
		    "age1NAME1...%s\n",
		    p->name, BACKSTAY_VERSION,
		    age_has_post_quantum() ? "post-quantum (age1pq1...), " : "",
		    age_has_post_quantum()
			? ""
			: ", post-quantum (age1pq1...) among them, since this "
			  "OpenSSL has no ML-KEM");
		return print(&text);
	}
	cleanup(settings_freep) struct settings *settings = NULL;
	if (!r->command->without_settings) {
		settings = load_settings(options, err);
		if (!settings)
			return -1;
	}
	const struct connect_env env = {.clock = clock_system(),
	    .random = random_system(),
	    .cancel = &cancel};
	struct cli_run with = {
	    .command = r->command->name,
	    .options = options,
	    .settings = settings,
	    .operands = &r->operands,
	    .env = &env,
	    .program = p,
	};
	int status = run_command(p, r->command, &with, err);
	log_progress("%s", "");
	return status >= 0 && finish_output(err) ? -1 : status;
}

/* Before the command line is read (NULL), only its errors are logged. */
static void set_up_log(const struct cli_common *common)
{
	const char *colours = getenv("NO_COLOR"), *term = getenv("TERM");
	struct log_options o = {.level = LOG_LEVEL_INFO,
	    .journal = log_reaches_journal(),
	    .clock = clock_system()};
	uint64_t run;

	random_fill(random_system(), &run, sizeof(run));
	snprintf(o.run, sizeof(o.run), "%016llx", (unsigned long long)run);
	if (common) {
		o.level = common->quiet	    ? LOG_LEVEL_WARN
			  : common->verbose ? LOG_LEVEL_DEBUG
					    : LOG_LEVEL_INFO;
		o.format = (enum log_format)common->log_format;
		terminal = !common->quiet && isatty(STDERR_FILENO);
		o.progress = terminal && !str_eq(term ? term : "", "dumb");
		o.colour = o.progress && !(colours && *colours);
	}
	log_setup(&o);
}

int cli_main(
    const struct cli_program *p, int argc, char *const *argv, void *options)
{
	cleanup(cli_request_done) struct cli_request r = CLI_REQUEST_INIT;
	struct cli_common *common = options;
	struct err err = ERR_INIT;

	mem_return_large();
	hold_standard_streams();
	umask(077);
	secret_harden_process();
	catch_signals();
	set_up_log(NULL);
	if (cli_parse(p, argc, argv, options, &r, &err))
		return failed(&err);
	set_up_log(common);
	int status = run(p, &r, options, &err);
	if (status < 0)
		status = failed(&err);
	cli_options_done(p, options);
	return status;
}
