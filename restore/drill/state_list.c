#include "restore/drill/state_list.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/program.h"

#include <string.h>

enum { LIMIT_MS = 120000, LIST_MAX = 64 << 20 };

char *state_list_program(struct err *err)
{
	char *terraform = program_find("terraform");
	char *program = terraform ? terraform : program_find("tofu");

	if (!program)
		err_set(err, ERR_USAGE,
		    "--terraform needs terraform or tofu in PATH, and neither "
		    "is there");
	return program;
}

/* What of the user's environment would make it do something else. */
static void add_environment(const char *home, struct strvec *env)
{
	static const char *const fixed[] = {"TF_CLI_CONFIG_FILE=/dev/null",
	    "TF_CLI_ARGS=", "TF_CLI_ARGS_state=", "TF_CLI_ARGS_state_list=",
	    "TF_WORKSPACE=", "TF_LOG=", "TF_LOG_PATH=", "TF_INPUT=0",
	    "TF_IN_AUTOMATION=1", "TF_ENCRYPTION=", "CHECKPOINT_DISABLE=1"};
	autofree char *home_is = str_printf("HOME=%s", home);
	autofree char *data_is = str_printf("TF_DATA_DIR=%s/data", home);

	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
		strvec_add(env, fixed[i]);
	strvec_add(env, home_is);
	strvec_add(env, data_is);
}

int state_list_accepts(const char *program, const char *file,
    const struct connect_env *env, struct err *err)
{
	cleanup(strvec_done) struct strvec args = VEC_INIT, vars = VEC_INIT;
	cleanup(buf_wipe) struct buf out = BUF_INIT;
	autofree char *dir = str_printf("%s.terraform", file);
	autofree char *chdir_is = str_printf("-chdir=%s", dir);
	autofree char *state_is = str_printf("-state=%s", file);
	const char *const words[] = {
	    program, chdir_is, "state", "list", "-no-color", state_is};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		strvec_add(&args, words[i]);
	add_environment(dir, &vars);
	const struct program p = {.args = &args,
	    .env = &vars,
	    .max_output_bytes = LIST_MAX,
	    .time_limit_ms = LIMIT_MS,
	    .clock = env->clock,
	    .cancel = env->cancel};
	if (file_mkdirs(dir, err))
		return -1;
	if (program_run(&p, &out, err) == 0)
		return 0;
	if (err->code != ERR_DENIED)
		return err_wrap(err, "asking '%s' about it", program);
	err->code = ERR_INTEGRITY;
	return err_wrap(
	    err, "%s does not accept it", strrchr(program, '/') + 1);
}
