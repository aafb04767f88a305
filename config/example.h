/*
 * config/backstay.example.yaml as it is: the text that describes every key, for
 * programs that write a configuration.
 */
#ifndef CONFIG_EXAMPLE_H
#define CONFIG_EXAMPLE_H

extern const char example_text[];

#endif
