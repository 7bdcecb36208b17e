function showAllValidations() { document.body.classList.remove("failed-only"); }
function hideSucceededValidations() { document.body.classList.add("failed-only"); }
document.addEventListener("click", (event) => {
  const link = event.target.closest('[data-toggle="collapse"]');
  if (!link) return;
  event.preventDefault();
  const part = document.getElementById(link.getAttribute("href").slice(1));
  if (part) link.setAttribute("aria-expanded", String(part.classList.toggle("show")));
});
