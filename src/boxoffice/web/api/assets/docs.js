SwaggerUIBundle({
  // From /api-docs/assets/docs.js, wherever a proxy offers it.
  url: new URL("../../api/openapi.json", document.currentScript.src).href,
  dom_id: "#docs",
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
