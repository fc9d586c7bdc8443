package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"

	"incamera/signaling/hook"
)

// checkWebhook refuses a receiver that could not tell this server from others,
// or to which anybody on the way could listen.
func (c *Config) checkWebhook() error {
	if c.Webhook == "" {
		if c.WebhookSecretFile != "" {
			return errors.New("--webhook-secret-file: there is no --webhook; give it, or neither")
		}
		return nil
	}
	u, err := url.Parse(c.Webhook)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("--webhook %q: want a URL such as https://intranet.example.org/hooks/incamera", c.Webhook)
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return fmt.Errorf("--webhook %s: by plain HTTP anybody on the way reads when meetings are; give the https:// address", c.Webhook)
	case c.WebhookSecretFile == "":
		return errors.New("--webhook needs --webhook-secret-file: otherwise anybody could tell the receiver what he likes")
	}
	return nil
}

// openWebhook returns nil where nobody is told.
func openWebhook(c *Config, log *slog.Logger) (*hook.Sender, error) {
	if c.Webhook == "" {
		return nil, nil
	}
	secret, err := readSecret("the secret of the webhook", "--webhook-secret-file", c.WebhookSecretFile)
	if err != nil {
		return nil, err
	}
	return hook.New(c.Webhook, []byte(secret), log), nil
}
