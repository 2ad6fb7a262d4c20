// Addresses are relative, because API Gateway may put the name of its stage in front.
SwaggerUIBundle({
  url: "v1/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  // The token stays on this page: nothing keeps it when the page is closed.
  persistAuthorization: false,
  // No validator of somebody else's looks at the document.
  validatorUrl: null,
});
