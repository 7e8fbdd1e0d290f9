from django.urls import path
from rest_framework.routers import SimpleRouter
from stage import views

router = SimpleRouter()
router.register("acts", views.Acts, basename="act")

urlpatterns = [
    path("crunch/", views.crunch),
    path("sleepy/", views.sleepy),
    path("page/", views.Page.as_view()),
    path("other-page/", views.OtherPage.as_view()),
    path("listed/", views.Listed.as_view()),
    path("also-listed/", views.AlsoListed.as_view()),
    path("search/", views.search),
    path("later/", views.later),
    path("handed-over/", views.handed_over),
    path("streamed/", views.streamed),
    path("late/", views.late),
    path("nothing/", views.nothing),
    *router.urls,
]
